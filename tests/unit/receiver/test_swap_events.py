"""What is told of an answered link swap."""

import asyncio
import json
from typing import cast

import pytest

from salesloft_webhooks.broker import Publisher
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.event_patterns import is_known
from salesloft_webhooks.events import NewDelivery
from salesloft_webhooks.link_swap.answering import Answered
from salesloft_webhooks.link_swap.request import LinkSwap, read
from salesloft_webhooks.receiver.swap_events import AT_ONCE, SwapEvents, event
from salesloft_webhooks.telemetry import LinkSwapOutcome, LinkSwapReason
from salesloft_webhooks.telemetry.labels import event_type_label
from salesloft_webhooks.telemetry.link_swap_telemetry import LEFT_OUT

OLD = "https://example.com/robin"
ANSWERED = Answered({OLD: "https://t.example/1"}, LinkSwapOutcome.SWAPPED, LinkSwapReason.ANSWERED)


def request(**data: object) -> LinkSwap:
    """A question about one link."""
    return read(b"{}", {"links": [OLD], "person": {"id": 7, "email_address": "robin@example.com"}, **data})


def left_out() -> float:
    """How many were not told of."""
    return float(LEFT_OUT._value.get())


def test_it_has_numbers_and_no_link() -> None:
    """The mailing's id, counts, outcome and reason; the same id for the same question."""
    told = event(request(mailing={"id": 9}), ANSWERED)

    assert json.loads(told.data) == {
        "mailing_id": 9, "person_id": None, "links": 1, "swapped": 1, "outcome": "swapped", "reason": "answered",
    }  # fmt: skip
    assert told.event_id == event(request(mailing={"id": 9}), ANSWERED).event_id
    assert (told.event_type, told.entity_key) == ("link_swap.answered", "link_swap:9")


@pytest.mark.parametrize("mailing", [None, {}, {"id": None}, {"id": "robin@example.com \n"}, {"id": [1]}, 3])
def test_a_mailing_that_cannot_be_named_is_told_by_the_question(mailing: object) -> None:
    """Whatever stands there, nothing of it gets into a key."""
    told = event(request(mailing=mailing), ANSWERED)

    assert json.loads(told.data)["mailing_id"] is None
    assert "robin" not in told.event_id + told.entity_key


def test_an_error_swaps_nothing() -> None:
    """There are no links to count."""
    told = json.loads(event(request(), Answered(None, LinkSwapOutcome.ERROR, LinkSwapReason.TIMEOUT)).data)

    assert (told["swapped"], told["outcome"], told["reason"]) == (0, "error", "timeout")


def test_handlers_can_ask_for_it() -> None:
    """Its type is known to patterns and labels, though nobody sends it."""
    assert is_known("link_swap.*")
    assert event_type_label("link_swap.answered") == "link_swap.answered"


class _Hanging:
    """A store that takes nothing until it is let go, and then fails."""

    def __init__(self) -> None:
        self.end = asyncio.Event()
        self.asked = 0

    async def publish(self, _delivery: NewDelivery) -> None:
        """Hang, then fail."""
        self.asked += 1
        await self.end.wait()
        raise StoreUnavailable("none")


async def test_a_store_that_hangs_does_not_pile_them_up() -> None:
    """So many are under way at most; the others, and those that fail, are left out and counted."""
    publisher, before = _Hanging(), left_out()
    async with SwapEvents(cast("Publisher", publisher)) as events:
        for _number in range(AT_ONCE + 3):
            events.publish("default", request(), ANSWERED, "")
        assert left_out() == before + 3
        await asyncio.sleep(0)

        publisher.end.set()
        await asyncio.sleep(0.01)
        events.publish("default", request(), ANSWERED, "")
        await asyncio.sleep(0.01)

    assert publisher.asked == AT_ONCE + 1
    assert left_out() == before + 3 + AT_ONCE + 1
