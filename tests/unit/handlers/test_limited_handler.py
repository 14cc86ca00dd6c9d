"""A handler's limit as its author writes it: what is refused at import, and which events share it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from salesloft_webhooks import Debounce, Event, Limit, Router, Settings
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.follow_ups import FollowUp
from salesloft_webhooks.handlers.loading import LoadedGroup
from tests.support.samples import event


@pytest.mark.parametrize(
    ("arguments", "mistake"),
    [
        pytest.param({"max_running": 0}, "max_running", id="nothing at once"),
        pytest.param({"rate": "fast"}, "is no rate", id="no rate"),
        pytest.param({"key": "date.user.id"}, "key", id="no field"),
        pytest.param({"key": 'source = "a" or user_id'}, "more than the name", id="a filter"),
        pytest.param({"key": ""}, "key", id="nothing"),
        pytest.param({"rate": 100}, "rate", id="a number for a rate"),
        pytest.param({"key": 7}, "key", id="a number for a field"),
        pytest.param({"name": ""}, "name", id="no name"),
        pytest.param({"name": "crm api"}, "name", id="a name of two words"),
        pytest.param({"name": 7}, "name", id="a number for a name"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_import(arguments: dict[str, object], mistake: str) -> None:
    """With what is wrong."""
    with pytest.raises(ConfigurationError, match=mistake):
        Limit(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [5, {"max_running": 1}, Limit], ids=["number", "mapping", "class"])
def test_what_is_no_limit_is_refused_at_import(limit: Any) -> None:
    """And not when a worker starts."""
    router: Router[None] = Router()

    with pytest.raises(ConfigurationError, match="is no Limit"):

        @router.on("*", limit=limit)
        async def refused(event: Event) -> None: ...

    assert router.routes == []


def test_a_batch_that_could_never_be_full_is_refused() -> None:
    """Each event counts, so fewer at once than a batch has are a mistake; with a key each is limited by itself."""
    router: Router[None] = Router()

    with pytest.raises(ConfigurationError, match="max_size=10"):

        @router.on_batch("*", max_size=10, limit=Limit(max_running=9))
        async def refused(events: list[Event]) -> None: ...

    @router.on_batch("*", max_size=10, limit=Limit(max_running=1, key="data.id"))
    async def taken(events: list[Event]) -> None: ...

    assert [route.handler for route in router.routes] == [taken]


def test_two_limited_handlers_of_one_name_are_refused() -> None:
    """They would share a limit, which is found by the name; without limits a name may be there twice."""
    routers = Router[None](), Router[None](), Router[None]()
    for number, router in enumerate(routers):

        @router.on("*", limit=Limit(max_running=1) if number < 2 else None)
        async def sync(event: Event) -> None: ...

    LoadedGroup("mine", routers[1:])
    with pytest.raises(ConfigurationError, match="sync"):
        LoadedGroup("mine", routers)


@pytest.mark.parametrize(
    ("second", "mistake"),
    [
        pytest.param(Limit(name="crm-api", max_running=2), "something else", id="another number"),
        pytest.param(Limit(name="crm-api", max_running=1, key="user_id"), "something else", id="another key"),
        pytest.param(Limit(name="first", max_running=1), "another limited handler's", id="a handler's name"),
    ],
)
def test_what_would_share_a_limit_by_mistake_is_refused(second: Limit, mistake: str) -> None:
    """Those who share one say the same of it, and no limit is called as a limited handler is."""
    router, shared = Router[None](), Limit(name="crm-api", max_running=1)
    for name, limit in (("first", Limit(max_running=1)), ("second", shared), ("third", second)):

        async def handler(event: Event) -> None: ...

        handler.__qualname__ = name
        router.on("*", limit=limit)(handler)

    with pytest.raises(ConfigurationError, match=mistake):
        LoadedGroup("mine", (router,))


async def test_handlers_that_name_a_limit_share_it() -> None:
    """Each value of its key is one, whichever handler asks; an event that needs it for several asks once."""
    router, shared = Router[None](), Limit(name="crm-api", max_running=2, key="data.id")

    @router.on("email.*", "person.*", limit=shared)
    async def first(event: Event) -> None: ...

    @router.on("person.*", limit=Limit(max_running=2, key="data.id", name="crm-api"))
    async def second(event: Event) -> None: ...

    @router.on("person.*", limit=Limit(max_running=2, key="data.id"))
    async def third(event: Event) -> None: ...

    loaded = LoadedGroup("mine", (router,))
    async with loaded.open(Settings.load()) as running:
        (mail,) = running.wants(event("email.sent", {"id": 1}))
        (other,) = running.wants(event("email.sent", {"id": 2}))
        person, own = running.wants(event("person.created", {"id": 1}))

    assert (mail.handler, person.handler, own.handler.rpartition(".")[2]) == ("crm-api", "crm-api", "third")
    assert mail.digest == person.digest
    assert len({mail.digest, other.digest, own.digest}) == 3
    assert loaded.handler_limits["crm-api"] == "2 - data.id"
    assert len(loaded.handler_limits) == 2


def test_events_share_a_limit_by_the_value_of_the_key_alone() -> None:
    """Text is no number; what is not there and what is null are one value; and nothing of a value can be seen."""
    limit = Limit(max_running=1, key="data.user.id")
    data: list[dict[str, object]] = [{"user": {"id": 7}}, {"user": {"id": "7"}}, {"user": {"id": None}}, {}]

    digests = [limit.want("sync", event("email.sent", each)).digest for each in data]
    again = limit.want("sync", event("email.opened", {"user": {"id": 7}, "other": 1})).digest

    assert len(set(digests)) == 3
    assert digests[2] == digests[3]
    assert again == digests[0]
    assert limit.want("other", event("email.sent", data[0])).digest != digests[0]
    assert all(len(digest) == 32 for digest in digests)
    assert limit.want("sync", event("email.sent", {"user": {"id": 10**40}})).digest not in digests


async def test_only_handlers_that_want_the_event_ask() -> None:
    """Those of another type, kept from it by a filter, or without a limit need no permit."""
    router: Router[None] = Router()

    @router.on("email.*", limit=Limit(max_running=1), where="data.id = 1")
    async def first(event: Event) -> None: ...

    @router.on("person.*", limit=Limit(rate="9/s"))
    async def second(event: Event) -> None: ...

    @router.on("*")
    async def third(event: Event) -> None: ...

    loaded = LoadedGroup("mine", (router,))
    async with loaded.open(Settings.load()) as running:
        wanted = [
            [want.handler.rpartition(".")[2] for want in running.wants(each)]
            for each in (event("email.sent", {"id": 1}), event("email.sent", {"id": 2}), event("person.created", {}))
        ]

    assert wanted == [["first"], [], ["second"]]
    assert {name.rpartition(".")[2]: words for name, words in loaded.handler_limits.items()} == {
        "first": "1 -",
        "second": "- 9/1000/1",
    }


async def test_what_is_called_later_needs_a_permit_then() -> None:
    """An event that waits for a debounced handler needs none; its follow-up does, and what is given again by hand."""
    router: Router[None] = Router()

    @router.on("email.*", limit=Limit(max_running=1), debounce=Debounce(seconds=30, name="mail"))
    async def sync(event: Event) -> None: ...

    new, now = event("email.sent", {}), datetime.now(UTC)
    waited = replace(new, follow_up=FollowUp("entity_key", now, now, new.event_id, "email.sent", "debounced/mail"))
    async with LoadedGroup("mine", (router,)).open(Settings.load()) as running:
        wanted = [len(each) for each in (running.wants(new), running.wants(waited), running.wants(new, by_hand=True))]

    assert wanted == [0, 1, 1]
