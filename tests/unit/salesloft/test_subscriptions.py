"""Subscriptions over real HTTP: made, found, switched, removed, and refused in SalesLoft's own words."""

import pytest

from salesloft_webhooks.errors import (
    SalesloftForbidden,
    SalesloftNotFound,
    SalesloftRefused,
    SalesloftUnavailable,
    SalesloftUnreadable,
)
from salesloft_webhooks.salesloft import open_salesloft
from salesloft_webhooks.salesloft.exchange import Answer
from salesloft_webhooks.salesloft.subscriptions import _read_many, _read_one
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform import Behaviour, Fault, SimulatedPlatform
from tests.unit.salesloft.conftest import TOKEN, Opening, Waits

URL = "https://hooks.example.com/webhooks/salesloft"
SIGNING = "a-signing-token-nobody-sees"


@pytest.mark.parametrize("wrapped", [True, False], ids=["wrapped", "bare"])
async def test_a_subscription_lives(*, wrapped: bool) -> None:
    """What is created is found with its token, switched off and on, and gone after its deletion: in either shape."""
    async with SimulatedPlatform(Behaviour(wrapped=wrapped)) as platform:
        platform.access.allow(TOKEN)
        settings = Settings.load(salesloft_api_url=platform.url, salesloft_api_token=TOKEN)
        async with open_salesloft(settings) as salesloft:
            made = await salesloft.subscriptions.create("person_updated", URL, SIGNING)
            off = await salesloft.subscriptions.disable(made.id)
            disabled = await salesloft.subscriptions.all(enabled=False)
            on = await salesloft.subscriptions.enable(made.id)
            found = await salesloft.subscriptions.get(made.id)
            await salesloft.subscriptions.delete(made.id)
            left = await salesloft.subscriptions.all()

    assert (made.event_type, made.callback_url, made.callback_token) == ("person_updated", URL, SIGNING)
    assert (made.enabled, off.enabled, on.enabled) == (True, False, True)
    assert (made.tenant_id, made.user_guid) == (16, "51398ccd-309e-467f-aae2-4b0f66b5c11d")
    assert disabled == [off]
    assert found == made
    assert left == []


async def test_deleting_twice_is_as_good_as_once(opened: Opening, platform: SimulatedPlatform) -> None:
    """What is gone already, or was never there, raises nothing; each answer says the time and what is left."""
    async with opened() as salesloft:
        assert (salesloft.date, salesloft.remaining) == (None, None)
        made = await salesloft.subscriptions.create("call_created", URL, SIGNING)
        assert salesloft.date is not None
        assert salesloft.remaining == 599

        await salesloft.subscriptions.delete(made.id)
        await salesloft.subscriptions.delete(made.id)
        await salesloft.subscriptions.delete(12_345)

    assert list(platform.subscriptions) == []


async def test_what_is_not_there_cannot_be_switched(opened: Opening) -> None:
    """A 404 has an error of its own, with SalesLoft's words."""
    async with opened() as salesloft:
        with pytest.raises(SalesloftNotFound, match="answered 404: Not Found"):
            await salesloft.subscriptions.enable(12_345)


async def test_a_refusal_says_what_is_wrong_by_field(opened: Opening, platform: SimulatedPlatform) -> None:
    """A 422 carries SalesLoft's words by field, for a condition that people read."""
    async with opened() as salesloft:
        with pytest.raises(SalesloftRefused, match="event_type is not included in the list") as caught:
            await salesloft.subscriptions.create("person_exploded", "ftp://no", SIGNING)

    assert caught.value.problems == {
        "event_type": ("is not included in the list",),
        "callback_url": ("is invalid",),
    }
    assert list(platform.subscriptions) == []


async def test_a_scope_that_is_too_small_has_an_error_of_its_own(opened: Opening, platform: SimulatedPlatform) -> None:
    """A 403 is no 401: the token is good, and only this is not allowed."""
    platform.access.allow(TOKEN, forbidden=("/v2/webhook_subscriptions",))

    async with opened() as salesloft:
        with pytest.raises(SalesloftForbidden, match="scope"):
            await salesloft.subscriptions.all()


@pytest.mark.parametrize("fault", [Fault.ERROR_AFTER, Fault.RESET, Fault.TRICKLE], ids=str)
async def test_a_creation_is_never_repeated_blindly(opened: Opening, platform: SimulatedPlatform, fault: Fault) -> None:
    """Where nobody knows whether it was done it is asked for once, and said so: the next list shows it."""
    platform.faults.order(fault, method="POST")

    async with opened() as salesloft:
        with pytest.raises(SalesloftUnavailable) as caught:
            await salesloft.subscriptions.create("person_updated", URL, SIGNING)
        found = await salesloft.subscriptions.all()

    assert caught.value.perhaps_done
    assert [each.callback_url for each in found] == [URL]


async def test_a_creation_that_was_certainly_not_done_is_repeated(
    opened: Opening, platform: SimulatedPlatform, waits: Waits
) -> None:
    """A 429 did nothing, so the creation is asked for again when the minute is over, and done once."""
    platform.faults.order(Fault.SPENT, method="POST")
    platform.rate_limit.follow(waits.clock)

    async with opened() as salesloft:
        await salesloft.subscriptions.create("person_updated", URL, SIGNING)

    assert len(list(platform.subscriptions)) == 1
    assert len(waits.seconds) == 1


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.ERROR_AFTER, Fault.RESET, Fault.HANG], ids=str)
async def test_a_deletion_is_repeated(opened: Opening, platform: SimulatedPlatform, fault: Fault) -> None:
    """Twice has the same end as once, so a failure is no reason to leave one behind."""
    async with opened() as salesloft:
        made = await salesloft.subscriptions.create("person_updated", URL, SIGNING)
        platform.faults.order(fault, method="DELETE")

        await salesloft.subscriptions.delete(made.id)

    assert list(platform.subscriptions) == []


def test_no_repr_shows_a_token() -> None:
    """Subscriptions end in logs and tracebacks."""
    (found,), _ = _read_many(answer(b'[{"id":1,"event_type":"e","callback_url":"u","callback_token":"hidden-value"}]'))

    assert found.callback_token == "hidden-value"
    assert "hidden-value" not in f"{found!r} {found} {[found]}"


def test_fields_that_nobody_knows_are_kept() -> None:
    """SalesLoft may add fields at any time; an id may become text, a missing switch counts as on."""
    body = b'{"data":{"id":"7","event_type":"e","callback_url":"u","enabled":null,"retries":{"max":4}}}'

    found = _read_one(answer(body))

    assert (found.id, found.enabled, found.callback_token) == (7, True, "")
    assert found.unknown == {"retries": {"max": 4}}


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"data":', b"[]", b'{"data":[]}', b'{"id":1}', b'{"data":null}', b'{"id":{}}', b"17"],
    ids=["empty", "html", "half", "list", "list in data", "no fields", "null", "odd id", "number"],
)
def test_what_is_no_subscription_is_unreadable(body: bytes) -> None:
    """A proxy's page is not taken for a subscription without fields."""
    with pytest.raises(SalesloftUnreadable) as caught:
        _read_one(answer(body))

    assert caught.value.__context__ is None or b"html" not in repr(caught.value.__context__).encode()


def answer(body: bytes) -> Answer:
    """A 200."""
    return Answer(200, body)
