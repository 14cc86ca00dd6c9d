"""`follow-ups run-now`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.follow_ups.selection import near_follow_ups
from salesloft_webhooks.cli.console import show, show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.follow_up_acts import KnownFollowUp
    from salesloft_webhooks.broker.administration.follow_up_filter import RunNow
    from salesloft_webhooks.settings import Settings


def run_follow_up(
    follow_up: Annotated[str, typer.Argument(metavar="FOLLOW-UP", help="As `follow-ups list` names it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Have a follow-up that waits run now: it is an event of its group at once, in its turn."""
    from salesloft_webhooks.broker.administration.follow_up_acts import find_follow_up, run_now
    from salesloft_webhooks.broker.administration.follow_up_filter import RunNow

    async def act(store: "Store", settings: "Settings") -> "tuple[KnownFollowUp, RunNow]":
        if (found := await find_follow_up(store, follow_up)) is None:
            fail(f"no such follow-up: {follow_up}{await near_follow_ups(store, follow_up)}")
        became = await run_now(store, found, idempotency_ttl_seconds=settings.idempotency_ttl_seconds)
        outcome = "failed" if became is RunNow.OVER else "done"
        about = {"group": found.group, "follow_up": follow_up}
        await write_own_act(store, "run_follow_up", about, {str(became): 1}, outcome)
        return found, became

    found, became = with_store(act)
    if became is RunNow.OVER:
        state = "over" if found.state == "waiting" else found.state
        fail(f"{follow_up} waits no more: it is {state}; `events show {follow_up}` says more")
    if as_json:
        show_json({"group": found.group, "event_id": follow_up, "outcome": became})
    elif became is RunNow.BEGUN:
        show(f"begun: {found.group} gets it as an event")
    else:
        show(f"due: a worker of {found.group} has it begin, after the group's pause if there is one")
