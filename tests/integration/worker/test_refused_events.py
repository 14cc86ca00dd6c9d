"""Events that the limit of a handler refuses, in a group that is limited as well: they leave its rate to others."""

import asyncio

from salesloft_webhooks import Event, Limit, Router
from salesloft_webhooks.telemetry.metrics import WORKER
from tests.integration.worker.limited_calls import Calls, workers
from tests.support.servers import Server
from tests.support.waiting import eventually

LIMITED, OTHERS = 6, 4


def refused(handler: str) -> float:
    """How often the limit of a handler has refused an event in this process."""
    labels = {"group": "mine", "handler": handler, "limit": "running"}
    return WORKER.get_sample_value("salesloft_webhooks_handler_held_up_total", labels) or 0.0


async def test_what_is_refused_leaves_the_groups_rate_to_others(server: Server) -> None:
    """Of twelve attempts in an hour ten are needed: refused dozens of times, events of one key spend none of them."""
    calls, free = Calls(), asyncio.Event()
    router: Router[None] = Router(rate="1/h burst 12")

    @router.on("person.created", limit=Limit(max_running=1, key="source"))
    async def limited(event: Event) -> None:
        calls.began.append((0.0, event.event_id))
        await free.wait()

    @router.on("person.updated")
    async def others(event: Event) -> None:
        calls.ended.append(event.event_id)

    before = refused(limited.__qualname__)
    async with workers(server, router, 2) as running:
        await running.publish(*(f"k{number}" for number in range(LIMITED)))
        await eventually(lambda: bool(calls.began), "the first one runs")
        await eventually(lambda: refused(limited.__qualname__) >= before + 30, "the others are refused", 60)
        await running.publish(*(f"o{number}" for number in range(OTHERS)), event_type="person.updated")
        await eventually(lambda: len(calls.ended) == OTHERS, "others are handled meanwhile", 30)
        free.set()
        await running.finished(LIMITED + OTHERS, seconds=60)

        assert running.outcomes() == {"done": LIMITED + OTHERS}
    assert len(calls.began) == LIMITED
