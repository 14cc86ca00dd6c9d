"""Conditions."""

from salesloft_webhooks.operator.conditions import FALSE, LONGEST_MESSAGE, TRUE, UNKNOWN, status_of, with_condition
from salesloft_webhooks.operator.objects import Condition


def _ready(status: str, reason: str, message: str = "") -> Condition:
    return Condition(type="Ready", status=status, reason=reason, message=message, observed_generation=2)


def test_the_time_moves_with_the_status_only() -> None:
    """Another reason or message of the same status leaves the time of the transition as it was."""
    first = with_condition((), _ready(FALSE, "Missing"), "T1")
    same = with_condition(first, _ready(FALSE, "Refused", "no"), "T2")
    other = with_condition(same, _ready(TRUE, "AsDeclared"), "T3")

    assert [each[0].last_transition_time for each in (first, same, other)] == ["T1", "T1", "T3"]
    assert (same[0].reason, same[0].message, same[0].observed_generation) == ("Refused", "no", 2)


def test_other_conditions_stay_where_they_are() -> None:
    """One condition is said anew, and the others keep their place and what was said."""
    both = with_condition(with_condition((), _ready(TRUE, "a"), "T"), Condition(type="X", status=TRUE, reason="b"), "T")

    changed = with_condition(both, _ready(FALSE, "c"), "T2")

    assert [each.type for each in changed] == ["Ready", "X"]
    assert (status_of(changed, "Ready"), status_of(changed, "X"), status_of(changed, "Y")) == (FALSE, TRUE, UNKNOWN)


def test_a_message_is_cut_to_what_the_definition_takes() -> None:
    """A long list of ids makes no status that is refused."""
    (found,) = with_condition((), _ready(FALSE, "x", "y" * 5000), "T")

    assert len(found.message) == LONGEST_MESSAGE
