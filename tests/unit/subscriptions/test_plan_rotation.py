"""The way from one key to another."""

from salesloft_webhooks.subscriptions import (
    Create,
    Delete,
    Phase,
)
from tests.unit.subscriptions.team import EVENTS, NEW, NEWEST, OLD, Team


def test_a_rotation_goes_by_its_phases(team: Team) -> None:
    """Nothing until the key is spread; then both; the old ones 120 seconds later; then the old key may go."""
    team.look()
    team.keys = [NEW, OLD]
    spreading = team.round()
    team.receivers_have(NEW, OLD)
    creating = team.round()
    draining = team.round()
    team.now += 119.0
    still = team.round()
    team.now += 1.0
    deleting = team.round()
    retiring = team.round()
    team.keys = [NEW]

    assert (spreading.phase, spreading.steps, spreading.active) == (Phase.SPREADING, (), frozenset(EVENTS))
    assert (creating.phase, {type(step) for step in creating.steps}) == (Phase.CREATING, {Create})
    assert (draining.phase, draining.steps, draining.wait_seconds) == (Phase.DRAINING, (), 120.0)
    assert (still.steps, still.wait_seconds) == ((), 1.0)
    assert [(step.event, step.reason) for step in deleting.steps if isinstance(step, Delete)] == [
        (event, "older key") for event in EVENTS
    ]
    assert retiring.phase is Phase.RETIRING
    assert team.round().phase is Phase.IDLE


def test_draining_begins_anew_when_one_is_missing_again(team: Team) -> None:
    """What is old stays as long as the new ones were not all there for 120 seconds."""
    team.keys = [NEW, OLD]
    team.receivers_have(NEW, OLD)
    team.round()
    team.round()
    del team.there[max(team.there)]
    team.now += 100.0
    team.round()
    team.now += 50.0
    again = team.round()

    assert (again.steps, again.wait_seconds) == ((), 120.0)


def test_a_rotation_taken_back_drains_as_well(team: Team) -> None:
    """What the new key has signed meanwhile has its 120 seconds, too."""
    team.look()
    team.keys = [NEW, OLD]
    team.receivers_have(NEW, OLD)
    team.round()
    team.now += 500.0
    team.keys = [OLD, NEW]
    back = team.round()
    team.now += 120.0

    assert (back.phase, back.steps, back.wait_seconds) == (Phase.DRAINING, (), 120.0)
    assert {step.reason for step in team.round().steps if isinstance(step, Delete)} == {"older key"}


def test_what_is_missing_while_a_key_spreads_gets_the_old_one(team: Team) -> None:
    """A lost event is not waited for."""
    del team.there[1]
    team.keys = [NEW, OLD]

    assert team.look().steps == (Create(event="call_created", key=1),)


def test_of_two_quick_rotations_the_last_counts(team: Team) -> None:
    """Both older keys drain together."""
    team.keys = [NEW, OLD]
    team.receivers_have(NEW, OLD)
    team.round()
    team.keys = [NEWEST, NEW, OLD]
    waiting = team.round()
    team.receivers_have(NEWEST, NEW, OLD)
    team.round()
    team.round()
    team.now += 120.0
    team.round()

    assert waiting.steps == ()
    assert {each.callback_token for each in team.there.values()} == {NEWEST.token(event) for event in EVENTS}


def test_a_key_removed_too_early_leaves_foreign_ones(team: Team) -> None:
    """They are missing under the key that is left, so those are created at once; the others are named."""
    team.keys = [NEW]
    team.receivers_have(NEW)
    team.look()
    made = team.look()

    assert len(made.steps) == len(made.foreign) == len(EVENTS)


def test_time_counts_from_when_the_new_key_can_be_used(team: Team) -> None:
    """That all is there under the old key, while the new one spreads, is no time in which that drains."""
    team.look()
    team.keys = [NEW, OLD]
    team.look()
    team.now += 500.0
    for event in EVENTS:  # by another operator, which knew earlier
        team.add(event, NEW)
    team.receivers_have(NEW, OLD)
    made = team.look()

    assert (made.phase, made.steps, made.wait_seconds) == (Phase.DRAINING, (), 120.0)
