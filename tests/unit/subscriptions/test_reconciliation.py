"""One round after another against SalesLoft's subscriptions, which may fail or kill at any step."""

import asyncio
from contextlib import suppress

import pytest
from msgspec.structs import replace

from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions import (
    Delete,
    Existing,
    MasterKey,
    Memory,
    Seen,
    reconcile,
    remove,
)
from salesloft_webhooks.subscriptions.plan import DRAIN_SECONDS
from tests.unit.subscriptions.registry import FakeRegistry, Killed
from tests.unit.subscriptions.rounds import ALL, DESIRED, Operator, events
from tests.unit.subscriptions.team import EVENTS, NEW, OLD, URL


def test_from_nothing_to_everything() -> None:
    """Each event has one subscription, signed with its own token, and the next round finds nothing to do."""
    registry = FakeRegistry()
    first, last = Operator(registry).until_settled()

    assert len(first.outcome.done) == ALL
    assert first.outcome.complete
    assert last.settled
    assert events(registry, OLD) == sorted(EVENTS)
    assert len(registry.there) == ALL


def test_a_key_that_a_receiver_has_not_got_is_waited_for() -> None:
    """Nothing is signed with it, nothing is settled, and the older ones go on; with the last receiver it goes on."""
    registry = FakeRegistry()
    Operator(registry, OLD).until_settled()
    rotating = Operator(registry, NEW, OLD)
    behind = Seen(
        now=0.0, receivers={"one": frozenset({NEW.fingerprint, OLD.fingerprint}), "two": frozenset({OLD.fingerprint})}
    )
    made = asyncio.run(reconcile(DESIRED, rotating.keys, behind, Memory(), rotating.hands()))

    assert not made.plan.steps
    assert not made.settled
    assert events(registry, OLD) == sorted(EVENTS)
    assert rotating.until_settled()[-1].settled
    assert events(registry, NEW) == sorted(EVENTS)


def test_a_dry_round_asks_once_and_changes_nothing() -> None:
    """It says what it would do."""
    registry = FakeRegistry()
    made = Operator(registry).round(dry=True)

    assert registry.asked == ["all"]
    assert len(made.outcome.left) == ALL
    assert not registry.there


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(2 * ALL + 4))
def test_whoever_dies_at_any_call_of_a_rotation_leaves_what_the_next_one_ends(number: int, moment: str) -> None:
    """Killed before or after any call: every event is delivered at every moment, in the end once, with the new key."""
    registry = FakeRegistry()
    Operator(registry, OLD).until_settled()

    def look(at: int, name: str, kill_at: int) -> None:
        delivered = {*events(registry, OLD), *events(registry, NEW)}
        assert delivered == set(EVENTS), (at, name)
        if at == kill_at:
            raise Killed

    registry.asked.clear()
    setattr(registry, moment, lambda at, name: look(at, name, number))
    dead = Operator(registry, NEW, OLD)
    with suppress(Killed):
        dead.until_settled()
    registry.before = registry.after = lambda at, name: look(at, name, -1)
    Operator(registry, NEW, OLD).until_settled()

    assert events(registry, NEW) == sorted(EVENTS)
    assert len(registry.there) == ALL


def test_old_ones_stay_until_their_repeats_are_over() -> None:
    """Between the last creation and the first deletion lies the time for which SalesLoft repeats deliveries."""
    registry = FakeRegistry()
    Operator(registry, OLD).until_settled()
    rotating = Operator(registry, NEW, OLD)
    created = rotating.round()
    at = rotating.clock.now
    waiting = rotating.round()
    rotating.clock.now = at + DRAIN_SECONDS - 1
    still = rotating.round()
    rotating.clock.now += 2
    deleted = rotating.round()

    assert len(created.outcome.done) == ALL
    assert not waiting.plan.steps
    assert waiting.next_seconds(0) == pytest.approx(DRAIN_SECONDS, abs=1)
    assert not still.plan.steps
    assert {type(step) for step in deleted.outcome.done} == {Delete}


def test_two_at_once_agree() -> None:
    """Both have planned on one empty list and carry all of it out; the next round of either leaves the lower ids."""
    registry = FakeRegistry()
    one, other = Operator(registry), Operator(registry)
    plans = [each.round(dry=True).plan for each in (one, other)]
    for each, made in zip((one, other), plans, strict=True):
        asyncio.run(each.hands().carry_out(made.steps, DESIRED, (OLD,), listed_at=each.clock.now))
    twice = len(registry.there)
    one.until_settled()

    assert twice == 2 * ALL
    assert sorted(registry.there) == list(range(1, ALL + 1))
    assert events(registry, OLD) == sorted(EVENTS)


@pytest.mark.parametrize("existing", [Existing.REPORT, Existing.REPLACE])
def test_removal_leaves_what_is_not_ours(existing: Existing) -> None:
    """All of ours go, under any of our keys; what others have made at our address or elsewhere stays."""
    registry = FakeRegistry()
    Operator(registry, NEW, OLD).until_settled()
    stranger = MasterKey(b"a stranger's")
    foreign = Subscription(id=900, event_type=EVENTS[0], callback_url=URL, callback_token=stranger.token(EVENTS[0]))
    elsewhere = replace(foreign, id=901, callback_url="https://elsewhere.example", callback_token=OLD.token(EVENTS[0]))
    registry.there |= {900: foreign, 901: elsewhere}
    operator = Operator(registry, NEW, OLD, desired=replace(DESIRED, existing=existing))

    made = asyncio.run(remove(operator.desired, operator.keys, operator.hands()))
    again = asyncio.run(remove(operator.desired, operator.keys, operator.hands()))

    assert sorted(registry.there) == [900, 901]
    assert len(made.outcome.done) == ALL
    assert again.settled
