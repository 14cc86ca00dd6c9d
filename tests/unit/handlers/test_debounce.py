"""Debounced handlers without a server: what is refused, what an attempt asks for, and what the handler is given."""

from datetime import timedelta
from typing import Any

import pytest

from salesloft_webhooks import Debounce, Event, Router, Settings
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.follow_ups import ASKED_MOST
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.handlers.one_attempt import run_group
from salesloft_webhooks.testing import Outcome, event, run, run_batch, run_later

UPDATE = event("person.updated", id=7, title="CEO")


def router_of(calls: list[Any], **options: Any) -> Router[None]:
    """A debounced handler."""
    router: Router[None] = Router()

    @router.on("person.*", debounce=Debounce(seconds=30, **options))
    async def sync(event: Event) -> None:
        calls.append((event.event_type, event.person_id))

    return router


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"seconds": 0.0001}, "Debounce(seconds=...) must be at least 0.001"),
        ({"seconds": timedelta(days=400)}, "Debounce(seconds=...) must be from 0 to"),
        ({"seconds": "30"}, "Debounce(seconds=...) takes seconds as a number, or a timedelta, not str"),
        ({"seconds": 30, "at_most": 29}, "Debounce(at_most=...) must not be shorter than seconds=..."),
        ({"seconds": 30, "key": "data."}, "Debounce(key=...): column"),
        ({"seconds": 30, "key": "data.id = 1 or data.id"}, "Debounce(key=...): one field is expected"),
        ({"seconds": 30, "key": "id"}, "Debounce(key=...): column 1: a field is expected"),
        ({"seconds": 30, "name": "Sync"}, "Debounce(name=...): 1 to 100 lower-case letters"),
    ],
    ids=["none", "years", "text", "shorter", "half", "filter", "unknown", "name"],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], problem: str) -> None:
    """At import, with the argument's name."""
    with pytest.raises(ConfigurationError) as raised:
        Debounce(**options)

    assert str(raised.value).startswith(problem)


async def test_an_attempt_asks_for_a_follow_up() -> None:
    """Its outcome is `debounced`; what it asks for runs the handler, with the event as it came."""
    calls: list[Any] = []
    router = router_of(calls, key="data.id", at_most=timedelta(minutes=5))

    result = await run(router, UPDATE)
    (wanted,) = result.follow_ups
    before = list(calls)
    later = await run_later(router, wanted, UPDATE)

    assert (result.outcome, result.error, before) == (Outcome.DEBOUNCED, None, [])
    assert (wanted.key, wanted.after_seconds, wanted.task) == ("data.id", 30, "debounced/router_of._locals_.sync")
    assert wanted.debounced is not None
    assert (wanted.debounced.value, wanted.debounced.at_most_seconds) == ("7", 300)
    assert (later.outcome, calls) == (Outcome.DONE, [("person.updated", 7)])


async def test_a_trial_calls_the_handler_at_once() -> None:
    """Who tries an event wants to see what the handler does with it."""
    calls: list[Any] = []

    result = await run_group(LoadedGroup("mine", (router_of(calls),)), UPDATE, Settings.load())

    assert (result.outcome, result.follow_ups, calls) == (Outcome.DONE, (), [("person.updated", 7)])


async def test_a_filter_is_asked_once() -> None:
    """When the event comes: also of an id, which the follow-up has another one of."""
    calls: list[Any] = []
    router: Router[None] = Router()

    @router.on("person.*", where=f'event_id = "{UPDATE.event_id}"', debounce=Debounce(seconds=1))
    async def sync(event: Event) -> None:
        calls.append(event.follow_up and event.follow_up.event_id)

    (wanted,) = (await run(router, UPDATE)).follow_ups
    settings = Settings.load(worker_where=f'event_id = "{UPDATE.event_id}"')
    later = await run_later(router, wanted, UPDATE, settings=settings)
    other = await run(router, event("person.updated", id=8))

    assert (later.outcome, calls) == (Outcome.DONE, [UPDATE.event_id])
    assert other.outcome is Outcome.FILTERED


async def test_debounced_handlers_leave_an_author_all_follow_ups() -> None:
    """What is asked for on their behalf is not counted; keys that are written alike are not mixed up."""
    calls: list[Any] = []
    router = router_of(calls, key="data.id")

    @router.on("person.*")
    async def ask(event: Event) -> None:
        await event.cancel_later("data.id")
        for number in range(ASKED_MOST):
            await event.later(after=60, key=str(number) if number else "data.id", on_done=True)

    result = await run(router, UPDATE)

    assert result.outcome is Outcome.DONE
    assert len(result.follow_ups) == ASKED_MOST + 1


async def test_what_an_author_asks_for_is_not_put_off() -> None:
    """A follow-up of the event runs all its handlers at its time, this one, too."""
    calls: list[Any] = []
    router = router_of(calls)

    @router.on("person.*")
    async def ask(event: Event) -> None:
        if event.follow_up is None:
            await event.later(after=60, key="again")

    first = await run(router, UPDATE)
    (again,) = [each for each in first.follow_ups if each.key == "again"]
    result = await run_later(router, again, UPDATE)

    assert (result.outcome, result.follow_ups, calls) == (Outcome.DONE, (), [("person.updated", 7)])


async def test_events_of_a_batch_are_put_off_each() -> None:
    """None waits for company before it is known whether it is the last."""
    router: Router[None] = Router()

    @router.on_batch("person.*", max_size=5, max_wait=60, debounce=Debounce(seconds=30))
    async def sync(events: list[Event]) -> None:
        raise AssertionError("called at once")

    results = await run_batch(router, [UPDATE, UPDATE])

    assert [result.outcome for result in results] == [Outcome.DEBOUNCED] * 2


def test_two_of_one_name_are_refused() -> None:
    """In one router, and in two of a group: each would be called for what waits for the other."""
    one, two = router_of([]), router_of([])
    named = router_of([], name="other")

    async def sync(event: Event) -> None: ...

    with pytest.raises(ConfigurationError, match="two debounced handlers have one name"):
        LoadedGroup("mine", (one, two))
    one.on("a", debounce=Debounce(seconds=1, name="x"))(sync)
    with pytest.raises(ConfigurationError, match="two debounced handlers have one name"):
        one.on("b", debounce=Debounce(seconds=1, name="x"))(sync)
    assert LoadedGroup("mine", (one, named)).tasks == ()


def test_what_is_no_debounce_is_refused() -> None:
    """The obvious first try is answered with what is right."""
    wrong: Any = 30

    with pytest.raises(ConfigurationError, match=r"debounce=Debounce\(seconds=30\)"):
        Router().on("person.*", debounce=wrong)(lambda _: None)


def group_of(calls: list[str], **debounced: Debounce | None) -> Router[None]:
    """A group with a handler of each name, debounced or not; each writes down its name when it is called."""
    router: Router[None] = Router()
    for name, debounce in debounced.items():

        async def handle(event: Event, *, name: str = name) -> None:
            calls.append(name)

        handle.__qualname__ = name
        router.on("person.updated", debounce=debounce)(handle)
    return router


OFTEN, NAMED = Debounce(seconds=30), Debounce(seconds=30, name="kept")


@pytest.mark.parametrize(
    "after",
    [
        {"renamed": OFTEN, "other": OFTEN, "plain": None},
        {"renamed": None, "other": OFTEN, "plain": None},
        {"sync": None, "other": OFTEN, "plain": None},
        {"sync": None, "other": None, "plain": OFTEN},
        {"sync": None, "other": Debounce(seconds=30, name="another"), "plain": Debounce(seconds=30, name="mine")},
        {"renamed": Debounce(seconds=30, name="sync"), "other": OFTEN, "plain": None},
        {"renamed": OFTEN, "moved": NAMED, "plain": None},
    ],
    ids=[
        "renamed",
        "and debounced no more",
        "debounced no more",
        "all the other way",
        "others named",
        "named",
        "others by their names",
    ],
)
async def test_what_waits_for_a_handler_that_is_gone_is_handled_once(after: dict[str, Debounce | None]) -> None:
    """By the one that has not had the event under any name; not by those that had it, or that wait for it as well."""
    calls: list[str] = []
    asked = await run(group_of(calls, sync=OFTEN, other=NAMED, plain=None), UPDATE)
    waiting = {each.task: each for each in asked.follow_ups}
    calls.clear()

    result = await run_later(group_of(calls, **after), waiting["debounced/sync"], UPDATE)

    assert (result.outcome, result.follow_ups) == (Outcome.DONE, ())
    assert calls == [next(iter(after))]


async def test_what_waits_for_nobody_is_a_dead_letter() -> None:
    """Removed altogether: the others have had the event, so it is neither handled twice nor called done."""
    calls: list[str] = []
    (wanted,) = (await run(group_of(calls, sync=OFTEN, plain=None), UPDATE)).follow_ups

    result = await run_later(group_of(calls, plain=None), wanted, UPDATE)

    assert (result.outcome, calls) == (Outcome.DEAD, ["plain"])
    assert "the group has no debounced/sync any more" in str(result.error)


@pytest.mark.parametrize(
    ("options", "at_most_seconds"),
    [({}, 300), ({"at_most": None}, 0), ({"at_most": timedelta(minutes=1)}, 60)],
)
async def test_a_steady_stream_is_handled_unless_told_not_to(options: dict[str, Any], at_most_seconds: float) -> None:
    """Without a word about it the first event waits for ten windows at most."""
    (wanted,) = (await run(router_of([], **options), UPDATE)).follow_ups

    assert [at_most_seconds] == [rules.at_most_seconds for rules in [wanted.debounced] if rules]


async def test_a_debounced_handler_is_put_off_before_others_run() -> None:
    """So that what they do is not repeated as long as nothing can be put off."""
    calls: list[Any] = []
    router: Router[None] = Router()

    @router.on("person.*")
    async def first(event: Event) -> None:
        calls.append(event.event_type)
        await event.later(after=60, key="mine", on_done=True)

    router.routes.extend(router_of(calls).routes)

    assert [each.key for each in (await run(router, UPDATE)).follow_ups] == ["entity_key", "mine"]
