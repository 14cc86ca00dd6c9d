"""The test kit: what it says of a handler is what the worker would do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from salesloft_webhooks import Event, PermanentError, Retry, Router, Settings, Unavailable
from salesloft_webhooks.follow_ups import ASKED_MOST
from salesloft_webhooks.testing import Outcome, event, pipeline, run


@pytest.mark.parametrize(
    ("error", "outcome", "after"),
    [
        (None, Outcome.DONE, None),
        (ValueError("x"), Outcome.RETRY, None),
        (Retry(after=timedelta(minutes=1)), Outcome.RETRY, 60),
        (PermanentError("x"), Outcome.DEAD, None),
        (Unavailable(after=5), Outcome.PAUSED, 5),
    ],
    ids=["done", "error", "retry", "permanent", "unavailable"],
)
async def test_a_handler_is_run_in_one_line(error: Exception | None, outcome: Outcome, after: float | None) -> None:
    """The result says what a worker would make of it."""

    async def handler(_event: Event) -> None:
        if error is not None:
            raise error

    result = await run(handler, event("person.created", id=7))

    assert (result.outcome, result.error, result.after_seconds) == (outcome, error, after)


async def test_a_routers_lifespan_runs_around_the_attempt_unless_resources_are_given() -> None:
    """Tests may use the real resources or put their own in."""

    @asynccontextmanager
    async def lifespan(_settings: Settings) -> AsyncIterator[list[str]]:
        yield real

    real: list[str] = []
    given: list[str] = []
    router = Router(lifespan)

    @router.on("person.*")
    async def note(event: Event, notes: list[str]) -> None:
        notes.append(event.event_type)

    await run(router, event("person.created"))
    await run(router, event("person.updated"), resources=given)
    await run(note, event("person.deleted"), resources=given)

    assert (real, given) == (["person.created"], ["person.updated", "person.deleted"])


async def test_what_a_worker_refuses_of_follow_ups_the_kit_refuses() -> None:
    """Too many, a task that no router has, and a plain function: the event would be a dead letter."""
    router = Router()

    @router.on("email.sent")
    async def many(event: Event) -> None:
        for number in range(ASKED_MOST + event.data["more"]):
            await event.later(after=60, key=str(number))

    @router.on("email.opened")
    async def unknown(event: Event) -> None:
        await event.later(after=60, key="k", task="nobody")

    @router.on("email.clicked")
    def plain(event: Event) -> None:
        _ = event.later(after=60, key="k")

    ends = [await run(router, event(f"email.{what}", more=1)) for what in ("sent", "opened", "clicked")]
    within = await run(router, event("email.sent", more=0))

    assert [each.outcome for each in ends] == [Outcome.DEAD] * 3
    assert (within.outcome, len(within.follow_ups)) == (Outcome.DONE, ASKED_MOST)


async def test_all_follow_ups_that_are_due_begin() -> None:
    """However many they are: a test says when, and not how often."""
    router = Router()
    ran: list[str] = []

    @router.on("email.sent")
    async def handle(event: Event) -> None:
        if event.follow_up is not None:
            ran.append(event.event_id)
            return
        for number in range(12):
            await event.later(after=60, key=str(number), on_done=True)

    async with pipeline(router) as running:
        for number in range(5):
            await running.deliver("email.sent", {"id": number, "recipient": {"id": number}})
        await running.settled(seconds=30)
        begun = await running.run_later()
        await running.settled(seconds=30)

    assert (begun, len(set(ran))) == (60, 60)


async def test_an_event_nobody_takes_is_a_mistake_of_the_test() -> None:
    """A test that proves nothing must not pass."""
    router = Router()

    @router.on("person.*")
    async def handler(_event: Event) -> None: ...

    with pytest.raises(LookupError):
        await run(router, event("email.opened"))


def test_a_made_up_event_is_as_a_delivered_one() -> None:
    """Ids differ from event to event; person and key are those of the data, found where a delivery's would be."""
    note = event("note.created", id=3, associated_type="person", associated_with={"id": 7})
    first, second = event("email.opened", {"person_id": 7}, id=1), event("email.opened", {"person_id": 7}, id=1)

    assert first.event_id != second.event_id
    assert (first.person_id, first.entity_key, dict(first.data)) == (7, "person:7", {"person_id": 7, "id": 1})
    assert (note.person_id, note.entity_key, note.data["person_id"]) == (7, "person:7", 7)
    assert first.idempotency_key == f"test/{first.event_id}"


async def test_the_pipeline_delivers_retries_and_buries() -> None:
    """Over HTTP and a real Valkey: one event is done, one is retried until it works, one is a dead letter."""
    router = Router()
    seen: list[tuple[int, int]] = []

    @router.on("person.*")
    async def handler(event: Event) -> None:
        seen.append((event.data["id"], event.attempt))
        if event.data["id"] == 2 and event.attempt < 3:
            raise OSError("not yet")
        if event.data["id"] == 3:
            raise PermanentError("never")

    async with pipeline(router) as running:
        for number in (1, 2, 3):
            await running.deliver("person.created", {"id": number})
        again = await running.deliver("person.created", {"id": 1}, event_id="mine")
        await running.deliver("person.created", {"id": 1}, event_id="mine")
        await running.settled()
        letters = await running.dead_letters()

    assert again == "mine"
    assert sorted(seen) == [(1, 1), (1, 1), (2, 1), (2, 2), (2, 3), (3, 1)]
    assert [letter.error.partition(" (")[0] for letter in letters] == ["PermanentError: never"]


async def test_a_pipeline_that_does_not_settle_says_what_is_left() -> None:
    """A test does not wait forever for a handler that never succeeds."""
    router = Router()

    @router.on("person.*")
    async def handler(_event: Event) -> None:
        raise Retry(after=60)

    async with pipeline(router) as running:
        await running.deliver("person.created", {"id": 1})
        with pytest.raises(AssertionError, match=r"(lag|pending)=1"):
            await running.settled(seconds=0.5)
