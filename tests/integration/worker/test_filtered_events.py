"""What no handler wants is settled in its turn, and told from what was handled."""

from salesloft_webhooks import Event, Ordering, Router
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.history import EventState, history
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import render_metrics
from tests.support.servers import Server
from tests.support.worker_pipeline import pipeline


async def test_filtered_events_leave_their_lane_to_the_next(server: Server) -> None:
    """Of six events of one person every other one is filtered: the rest is handled, in order, both told apart."""
    router: Router[None] = Router(ordering=Ordering.ENTITY)
    handled: list[str] = []

    @router.on("person.*", where='event_id in ("e1", "e3", "e5")')
    async def handle(event: Event) -> None:
        handled.append(event.event_id)

    async with pipeline(server, router) as running, open_store(Settings.load(redis_url=server.url)) as store:
        await running.publish(*(f"e{number}" for number in range(6)), key="person:1")
        await running.finished(6)
        states = {}
        for number in range(6):
            found = await history(store, f"e{number}")
            assert found is not None
            states[f"e{number}"] = found.groups[0].state

    assert handled == ["e1", "e3", "e5"]
    assert states == {f"e{number}": EventState.DONE if number % 2 else EventState.FILTERED for number in range(6)}
    assert b'attempts_total{event_type="person.created",group="mine",outcome="filtered"} ' in render_metrics()[0]


async def test_the_groups_filter_is_a_setting(valkey: Server) -> None:
    """`WORKER_WHERE` keeps an event from a handler that has none of its own."""
    handled: list[str] = []

    async def handle(event: Event) -> None:
        handled.append(event.event_id)

    async with pipeline(valkey, handle, worker_where='event_id != "unwanted"') as running:
        await running.publish("unwanted", "wanted")
        await running.finished(2)
        assert running.outcomes() == {"done": 2}

    assert handled == ["wanted"]
