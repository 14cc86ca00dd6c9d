"""Conditions, as Kubernetes' conventions have them: the time of one moves only when its status does."""

from collections.abc import Iterable

from salesloft_webhooks.operator.objects import Condition

LONGEST_MESSAGE = 1024
TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"


def with_condition(conditions: Iterable[Condition], new: Condition, now: str) -> tuple[Condition, ...]:
    """The conditions with one of them said anew.

    Args:
        conditions: As they were.
        new: What is said now; its time is set here, and its message cut to `LONGEST_MESSAGE`.
        now: The time, in RFC 3339.
    """
    before = {each.type: each for each in conditions}
    former = before.get(new.type)
    same = former is not None and former.status == new.status and former.last_transition_time
    before[new.type] = Condition(
        type=new.type,
        status=new.status,
        reason=new.reason,
        message=new.message[:LONGEST_MESSAGE],
        observed_generation=new.observed_generation,
        last_transition_time=former.last_transition_time if former is not None and same else now,
    )
    return tuple(before.values())


def status_of(conditions: Iterable[Condition], kind: str) -> str:
    """The status of one of them; `UNKNOWN` if nothing was said of it."""
    return next((each.status for each in conditions if each.type == kind), UNKNOWN)
