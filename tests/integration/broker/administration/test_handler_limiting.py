"""Who limits a handler to what: by hand, by declaration and by its author, each of the two limits by itself."""

from salesloft_webhooks.broker import GroupOptions, HandlerLimits
from salesloft_webhooks.broker.administration.handler_limiting import (
    HandlerLimit,
    declare_handler_limits,
    limit_handler_by_hand,
    stored_handler_limits,
)
from salesloft_webhooks.limits import Rate, SaidLimits
from tests.support.broker_driver import Driven


async def found(driven: Driven) -> dict[str, HandlerLimit]:
    """What stands there, by handler."""
    return {each.handler: each for each in await stored_handler_limits(driven.store, "crm")}


async def test_by_hand_comes_before_declared_and_declared_before_written(driven: Driven) -> None:
    """For each of the two limits by itself; who says what is told in that order, with the object that declares it."""
    await HandlerLimits(driven.store, GroupOptions("crm")).declare({"sync": "8 9/1000/1 user_id"}, refresh=False)
    await declare_handler_limits(driven.store, "crm", {"sync": SaidLimits(4, Rate.parse("5/s"), "sales/crm")})
    declared = (await found(driven))["sync"].in_force.text

    await limit_handler_by_hand(driven.store, "crm", "sync", SaidLimits(None))

    sync = (await found(driven))["sync"]
    assert (declared, sync.in_force.text) == ("4 at once, 5/s", "5/s")
    assert sync.text == (
        "sync for each user_id: any number at once (by hand); 4 at once, 5/s (by ConsumerGroup sales/crm); "
        "8 at once, 9/s (by its author)"
    )


async def test_what_is_said_anew_is_all_that_is_said(driven: Driven) -> None:
    """Else a limit of which nothing is said now stays; said of nothing, nothing is left; nor is it of a declaration."""
    await limit_handler_by_hand(driven.store, "crm", "sync", SaidLimits(3))
    await limit_handler_by_hand(driven.store, "crm", "sync", SaidLimits(rate=Rate.parse("5/s")))
    both = (await found(driven))["sync"].by_hand.text
    await limit_handler_by_hand(driven.store, "crm", "sync", SaidLimits(rate=Rate.parse("6/s")), anew=True)
    one = (await found(driven))["sync"].by_hand.text
    await declare_handler_limits(driven.store, "crm", {"sync": SaidLimits(1, by="sales/crm"), "other": SaidLimits(2)})

    await limit_handler_by_hand(driven.store, "crm", "sync", SaidLimits())
    await declare_handler_limits(driven.store, "crm", {"sync": SaidLimits()})

    assert (both, one) == ("3 at once, 5/s", "6/s")
    assert (await found(driven)).keys() == {"other"}


async def test_a_handler_that_nobody_has_is_said_to_be_none(driven: Driven) -> None:
    """What is declared of it limits nothing, and would look as if it did."""
    await declare_handler_limits(driven.store, "crm", {"snyc": SaidLimits(1, by="sales/crm")})

    (only,) = (await found(driven)).values()

    assert not only.known
    assert only.lines == ["1 at once (by ConsumerGroup sales/crm)", "no handler of that name asks for permits"]
