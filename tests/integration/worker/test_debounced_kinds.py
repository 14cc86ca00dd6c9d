"""Plain functions, processes and batches are debounced as coroutine functions are."""

from pathlib import Path

from salesloft_webhooks import Debounce, Event, Failures, Router
from tests.integration.worker.debounced_process import in_a_process
from tests.integration.worker.person_updates import publish
from tests.support.servers import Server
from tests.support.worker_pipeline import pipeline

SOON = Debounce(seconds=0.3)


async def test_a_plain_function_is_debounced(valkey: Server) -> None:
    """In its thread it is called once, with the last event."""
    router: Router[None] = Router()
    calls: list[object] = []

    @router.on("person.*", debounce=SOON)
    def sync(event: Event) -> None:
        calls.append((event.event_type, event.data["version"]))

    async with pipeline(valkey, router) as running:
        for number in range(3):
            await publish(running, f"e{number}", f'{{"id":1,"version":{number}}}')
        await running.finished(4)

    assert calls == [("person.updated", 2)]


async def test_a_process_is_debounced(valkey: Server, tmp_path: Path) -> None:
    """In a process of its own a handler is called once, with the last event."""
    router: Router[None] = Router()
    router.on("person.*", debounce=SOON, in_process=True)(in_a_process)

    async with pipeline(valkey, router) as running:
        for number in range(3):
            await publish(running, f"e{number}", f'{{"id":1,"version":{number},"file":"{tmp_path}/calls"}}')
        await running.finished(4, seconds=40)

    assert (tmp_path / "calls").read_text() == "person.updated 2\n"


async def test_a_batch_has_the_last_event_of_each_person(valkey: Server) -> None:
    """Three people with two updates each: one call with three events, of which the one that fails is tried again."""
    router: Router[None] = Router()
    calls: list[object] = []

    @router.on_batch("person.*", max_size=10, max_wait=0.2, debounce=SOON)
    async def sync(events: list[Event]) -> Failures | None:
        calls.append(sorted((event.event_type, event.data["id"], event.data["version"]) for event in events))
        return {each.event_id: OSError("away") for each in events if each.data["id"] == 2 and len(calls) == 1}

    async with pipeline(valkey, router) as running:
        for version in (1, 2):
            for person in (1, 2, 3):
                body = f'{{"id":{person},"version":{version}}}'
                await publish(running, f"e{person}.{version}", body, person)
        await running.finished(9)

    assert calls == [[("person.updated", person, 2) for person in (1, 2, 3)], [("person.updated", 2, 2)]]
