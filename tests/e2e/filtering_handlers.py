"""A handler that wants every other event, of a worker that is killed at a step: the n-th of all in its process."""

import os
from pathlib import Path
from typing import Any

from salesloft_webhooks import Event, Ordering, Router
from salesloft_webhooks.broker.consumer_group import Group
from salesloft_webhooks.content_filters.conditions import Among
from tests.e2e.deadly_steps import between_steps, die_at, step

DIARY = Path(os.environ["DIARY"])
router: Router[None] = Router(ordering=Ordering.ENTITY)


@router.on("*", where="data.wanted = true")
async def write_down(event: Event) -> None:
    """A line for each event that is wanted."""
    with DIARY.open("a") as diary:  # noqa: ASYNC230 - a test may block for a moment
        diary.write(f"{event.entity_key} {event.event_id}\n")


def _stepping(name: str) -> None:
    original = getattr(Group, name)

    async def settle(*arguments: Any, **options: Any) -> Any:
        step()  # asked or handled, and nobody has been told
        answer = await original(*arguments, **options)
        step()  # told
        return answer

    setattr(Group, name, settle)


die_at(int(os.environ["DEADLY_STEP"]))
between_steps(Among, "holds")
for each in ("settle", "settle_and_continue"):
    _stepping(each)
