"""What the plan says in each situation that has a name."""

import pytest

from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions import (
    Create,
    Delete,
    Desired,
    Enable,
    Existing,
    MasterKey,
    Phase,
    SigningKey,
    StaticToken,
    Why,
    plan_removal,
)
from tests.unit.subscriptions.team import EVENTS, NEW, OLD, URL, Team


def test_creates_what_is_missing_when_receivers_can_accept_it() -> None:
    """Nothing before the key is in every receiver, and then all, in the order of names."""
    team = Team()
    team.receivers_have()
    first = team.look()
    team.receivers_have(OLD)

    assert (first.steps, first.why, first.phase) == ((), Why.KEY_NOT_SPREAD, Phase.SPREADING)
    assert team.look().steps == tuple(Create(event=event, key=0) for event in EVENTS)


def test_without_a_word_from_receivers_time_decides() -> None:
    """150 seconds after a key was first seen every pod has it."""
    team = Team()
    team.look()
    team.now = 149.0
    early = team.look()
    team.now = 150.0

    assert (early.steps, early.wait_seconds) == ((), 1.0)
    assert len(team.look().steps) == len(EVENTS)


def test_rests_when_all_is_there(team: Team) -> None:
    """No steps, all active, nothing to wait for."""
    made = team.look()

    assert (made.steps, made.phase, made.wait_seconds) == ((), Phase.IDLE, None)
    assert made.active == frozenset(EVENTS)


def test_a_disabled_one_is_enabled_again(team: Team) -> None:
    """Ours, under the key in use."""
    team.there[2] = Subscription(
        id=2, event_type="email_updated", callback_url=URL, callback_token=OLD.token("email_updated"), enabled=False
    )

    assert team.look().steps == (Enable(event="email_updated", id=2),)


def test_of_two_the_lowest_id_stays(team: Team) -> None:
    """Two who planned at the same time agree, in whatever order SalesLoft lists them."""
    twice = team.add("note_created", OLD)

    assert team.look(list(team.there.values())[::-1]).steps == (Delete(event="note_created", id=twice, reason="twice"),)


def test_what_nobody_wants_goes(team: Team) -> None:
    """Ours only."""
    unwanted = team.add("user_created", OLD)

    assert team.look().steps == (Delete(event="user_created", id=unwanted, reason="unwanted"),)


def test_others_are_reported(team: Team) -> None:
    """Signed with what none of our keys gives, of any event; another address is nobody's business."""
    foreign = team.add("person_created", StaticToken(b"another"))
    team.add("person_created", StaticToken(b"another"), url=f"{URL}/other")

    assert (team.look().steps, team.look().foreign) == ((), (foreign,))


def test_others_are_replaced_once_ours_are_there(team: Team) -> None:
    """Never in a round in which one of ours is missing."""
    foreign = team.add("call_created", StaticToken(b"another"))
    del team.there[1]
    team.desired = Desired(callback_url=URL, events=frozenset(EVENTS), existing=Existing.REPLACE)
    first, second = team.round(), team.round()

    assert first.steps == (Create(event="call_created", key=0),)
    assert second.steps == (Delete(event="call_created", id=foreign, reason="foreign"),)


def test_one_list_that_shows_nothing_is_not_believed(team: Team) -> None:
    """The second one that says the same is; a list that is right again changes nothing."""
    team.look()
    first, second = team.look([]), team.look([])
    right = team.look()

    assert (first.steps, first.why, first.wait_seconds) == ((), Why.LISTS_DISAGREE, 5.0)
    assert len(second.steps) == len(EVENTS)
    assert right.steps == ()


def test_hidden_tokens_stop_everything(team: Team) -> None:
    """Nobody knows whose they are, and each round would create all of them once more."""
    team.there[1] = Subscription(id=1, event_type="call_created", callback_url=URL)

    assert (team.look().steps, team.look().why) == ((), Why.TOKENS_HIDDEN)
    assert plan_removal(team.desired, team.there.values(), [NEW]).why is Why.TOKENS_HIDDEN


def test_a_suspended_one_is_left_alone(team: Team) -> None:
    """Whatever is missing."""
    del team.there[1]
    team.desired = Desired(callback_url=URL, events=frozenset(EVENTS), suspend=True)

    assert (team.look().steps, team.look().why) == ((), Why.SUSPENDED)


def test_a_removal_takes_ours_and_no_others(team: Team) -> None:
    """Of every key and event."""
    foreign = team.add("call_created", StaticToken(b"another"))
    team.add("call_created", NEW)
    made = plan_removal(team.desired, team.there.values(), [NEW, OLD])

    assert {step.id for step in made.steps if isinstance(step, Delete)} == team.there.keys() - {foreign}
    assert made.foreign == (foreign,)


@pytest.mark.parametrize("key", [MasterKey(b"very secret"), StaticToken(b"very secret")])
def test_a_key_is_told_by_its_fingerprint(key: SigningKey) -> None:
    """Which tells nothing of it; nor does its repr."""
    assert key.fingerprint == "3ba576101b6f"  # openssl dgst -sha256 -hmac
    assert "secret" not in repr(key)
