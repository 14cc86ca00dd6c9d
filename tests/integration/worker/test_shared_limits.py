"""One limit of several handlers: their calls count together, in all workers of the group."""

from salesloft_webhooks import Event, Limit, Router
from tests.integration.worker.limited_calls import Calls, no_permits, workers
from tests.support.servers import Server


async def test_handlers_that_share_a_limit_run_so_often_together(server: Server) -> None:
    """Two at once of three handlers in two workers, one of which takes batches; all is handled, nothing is left."""
    calls, router, crm = Calls(), Router[None](), Limit(name="crm-api", max_running=2)

    @router.on("person.created", limit=crm)
    async def create(event: Event) -> None:
        await calls.call(event)

    @router.on("person.updated", limit=crm)
    async def update(event: Event) -> None:
        await calls.call(event)

    @router.on_batch("email.sent", max_size=2, limit=crm)
    async def log(events: list[Event]) -> None:
        calls.running[""] += len(events) - 1  # each event of a batch counts
        await calls.call(events[0])
        calls.running[""] -= len(events) - 1

    async with workers(server, router, 2) as running:
        for number, kind in enumerate(("person.created", "person.updated", "email.sent") * 10):
            await running.publish(f"e{number}", event_type=kind)
        await running.finished(30, seconds=60)

        assert running.outcomes() == {"done": 30}
        await no_permits(running)
    assert calls.most[""] == 2


async def test_an_event_of_two_handlers_that_share_a_limit_has_one_permit(valkey: Server) -> None:
    """They are called one after the other, so with one at once it is handled, and does not wait for itself."""
    calls, router, crm = Calls(), Router[None](), Limit(name="crm-api", max_running=1)

    @router.on("*", limit=crm)
    async def first(event: Event) -> None:
        await calls.call(event)

    @router.on("*", limit=crm)
    async def second(event: Event) -> None:
        await calls.call(event)

    async with workers(valkey, router, 2) as running:
        await running.publish("e1", "e2", "e3")
        await running.finished(3, seconds=30)

    assert calls.most[""] == 1
    assert sorted(calls.ended) == ["e1", "e1", "e2", "e2", "e3", "e3"]
