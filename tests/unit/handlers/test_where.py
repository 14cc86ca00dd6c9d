"""Filters of handlers and of groups decide which handlers run; when none does, the event is filtered."""

import pytest

from salesloft_webhooks import Event, Failures, Router, Settings
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.testing import Outcome, event, run, run_batch


def router_of(log: list[str]) -> Router[None]:
    """Two handlers of the same type, each with a filter, and a batch handler of another."""
    router: Router[None] = Router()

    @router.on("person.*", where="data.crm_id exists")
    async def in_the_crm(event: Event) -> None:
        log.append("in the crm")

    @router.on("person.*", where='data.title = "CEO"')
    async def chief(event: Event) -> None:
        log.append("chief")

    @router.on_batch("call.*", max_size=5, where="data.duration != 0")
    async def calls(events: list[Event]) -> Failures | None:
        log.append(f"{len(events)} calls")
        return None

    return router


@pytest.mark.parametrize(
    ("data", "ran"),
    [
        ({"crm_id": "1"}, ["in the crm"]),
        ({"title": "CEO"}, ["chief"]),
        ({"crm_id": "1", "title": "CEO"}, ["in the crm", "chief"]),
        ({}, []),
    ],
    ids=["one", "the other", "both", "none"],
)
async def test_only_who_wants_the_event_runs(data: dict[str, str], ran: list[str]) -> None:
    """Done if one of them ran, else filtered: nothing is an error."""
    log: list[str] = []

    result = await run(router_of(log), event("person.updated", data, id=1))

    assert log == ran
    assert result.outcome is (Outcome.DONE if ran else Outcome.FILTERED)
    assert result.error is None


async def test_a_batch_has_those_that_are_wanted() -> None:
    """The others are filtered, each by itself."""
    log: list[str] = []

    results = await run_batch(router_of(log), [event("call.created", id=each, duration=each % 2) for each in range(4)])

    assert log == ["2 calls"]
    assert [result.outcome for result in results] == [Outcome.FILTERED, Outcome.DONE] * 2


async def test_the_groups_filter_comes_before_all() -> None:
    """`WORKER_WHERE` and a handler's own must both hold."""
    settings = Settings.load(worker_where="data.do_not_contact != true")
    log: list[str] = []

    asked_not_to = event("person.updated", id=1, crm_id="1", do_not_contact=True)
    wanted, unwanted = event("person.updated", id=1, crm_id="1"), event("person.updated", id=1)
    results = [await run(router_of(log), each, settings=settings) for each in (asked_not_to, wanted, unwanted)]

    assert [result.outcome for result in results] == [Outcome.FILTERED, Outcome.DONE, Outcome.FILTERED]
    assert log == ["in the crm"]


def test_a_mistake_is_shown_to_its_author() -> None:
    """When the handler is registered, with the text and a mark below the place; of a long one its surroundings."""
    with pytest.raises(ConfigurationError) as raised:
        Router().on("*", where="data.id exists and data.x =")
    with pytest.raises(ConfigurationError) as in_a_long_one:
        Router().on("*", where="data.id exists or " * 20 + "data.x =")

    message, text, mark = str(raised.value).splitlines()
    assert message == "where: column 28: a value is expected: text in quotes, a number, true, false or null"
    assert (text.strip(), mark.index("^") - 2) == ("data.id exists and data.x =", 27)
    _, text, mark = str(in_a_long_one.value).splitlines()
    assert text[: mark.index("^")].endswith("data.x =")
    assert len(text) < 90
