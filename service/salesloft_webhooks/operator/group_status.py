"""The `status` of a `ConsumerGroup`, and whether it differs enough from the one that stands there to be written.

Kubernetes keeps no time series, so a status is written only when it says something else:

    ==================================  =============================================================================
    what                                counts as something else
    ==================================  =============================================================================
    conditions, pause, limits,          any change
    generation
    dead, consumers                     any change
    backlog, running, scheduled,        more than 1 % of what stands there: any change of a number up to 99, and the
    parked, unhandled, followUps        way to 0
    oldestEventTime                     more than two seconds and more than 1 % of the age
    nextFollowUpTime                    more than a minute: where many wait, each look finds another first one
    ==================================  =============================================================================

So small numbers are right and large ones right to 1 %. The oldest event is given by its time, which stays the same
while the same event waits, and not by its age, which never does; it is left out while it is younger than
`FRESH_SECONDS`, or it would change with each event.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from salesloft_webhooks.broker.administration.handler_limiting import HandlerLimit
from salesloft_webhooks.broker.administration.stored_pause import Pause, StoredPause
from salesloft_webhooks.operator.conditions import with_condition
from salesloft_webhooks.operator.group_conditions import caught_up, ready
from salesloft_webhooks.operator.group_view import GroupState, GroupView
from salesloft_webhooks.operator.objects import Condition, GroupObject
from salesloft_webhooks.operator.times import seconds_time, unix_seconds

FRESH_SECONDS = 5.0
JITTER_SECONDS = 2.0
"""Times are written in whole seconds, and two clocks are in them."""
MOVED = 0.01
NEXT_SECONDS = 60.0
EXACT = ("dead", "consumers")
MEASURED = ("backlog", "running", "scheduled", "parked", "unhandled")
FOLLOW_UPS = ("followUps", "nextFollowUpTime")
"""Left out while none waits."""
PAUSED_BY = {Pause.DECLARED: "Declaration", Pause.MANUAL: "Hand", Pause.BREAKER: "Breaker"}


def conditions_of(status: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions in a status; those that cannot be read are said anew."""
    try:
        return tuple(msgspec.convert(status.get("conditions") or [], list[Condition]))
    except msgspec.ValidationError:
        return ()


def group_status(of: GroupObject, view: GroupView) -> dict[str, Any]:
    """The status that an object is to have; a name with None is one to be removed.

    While the store cannot be asked, everything stays as it was and the conditions say so.
    """
    now, generation = seconds_time(view.at), of.metadata.generation
    conditions = conditions_of(of.status)
    for said in (ready(view, of.status), caught_up(view, conditions)):
        conditions = with_condition(conditions, msgspec.structs.replace(said, observed_generation=generation), now)
    written = [msgspec.to_builtins(each) for each in conditions]
    if view.state is GroupState.UNKNOWN:
        return {**of.status, "conditions": written}
    return {
        "observedGeneration": generation,
        **_figures(view),
        **_pause(view.pause),
        "limits": None if view.stats is None else view.stats.limits or None,
        "limitedBy": view.limited_by or None,
        "handlerLimits": [_handler(each) for each in view.handler_limits] or None,
        "measuredAt": now,
        "conditions": written,
    }


def differs(before: Mapping[str, Any], after: Mapping[str, Any], now: float) -> bool:
    """Whether a status says something else than the one that stands there: see the module."""
    paused, limited = ("paused", "pausedBy", "pauseReason", "pausedUntil"), ("limits", "limitedBy", "handlerLimits")
    told = ("observedGeneration", *EXACT, *paused, *limited, "conditions")
    if any(before.get(name) != after.get(name) for name in told):
        return True
    waiting, first_due = FOLLOW_UPS
    if any(_moved(before.get(name), after.get(name)) for name in (*MEASURED, waiting)):
        return True
    if _time_moved(before.get(first_due), after.get(first_due), NEXT_SECONDS):
        return True
    oldest = before.get("oldestEventTime")
    return _time_moved(oldest, after.get("oldestEventTime"), JITTER_SECONDS, age_at=now)


def _figures(view: GroupView) -> dict[str, Any]:
    stats = view.stats
    if stats is None:
        return dict.fromkeys((*MEASURED, *EXACT, *FOLLOW_UPS, "oldestEventTime"))
    age, until_first = stats.oldest_age_seconds, stats.next_follow_up_seconds
    figures: dict[str, Any] = {name: getattr(stats, name) for name in (*MEASURED, *EXACT)}
    first_due = None if until_first is None else seconds_time(view.at + until_first)
    figures |= zip(FOLLOW_UPS, (stats.follow_ups or None, first_due), strict=True)
    return figures | {"oldestEventTime": seconds_time(view.at - age) if age >= FRESH_SECONDS else None}


def _pause(pause: StoredPause) -> dict[str, Any]:
    until = None if pause.until_ms is None else seconds_time(pause.until_ms / 1_000)
    return {
        "paused": pause.kind is not Pause.NONE,
        "pausedBy": PAUSED_BY.get(pause.kind),
        "pauseReason": pause.reason or None,
        "pausedUntil": until if pause.kind in {Pause.DECLARED, Pause.MANUAL} else None,
    }


def _handler(limit: HandlerLimit) -> dict[str, str]:
    """What limits a handler; a value that is empty is left out."""
    in_force = limit.in_force.text if limit.known else ""
    said = {"name": limit.handler, "key": limit.key, "limits": in_force, "limitedBy": "; ".join(limit.lines)}
    return {name: value for name, value in said.items() if value}


def _moved(before: int | None, after: int | None) -> bool:
    if before is None or after is None or not after:
        return before != after
    return abs(after - before) > MOVED * before


def _time_moved(before: str | None, after: str | None, by_seconds: float, *, age_at: float | None = None) -> bool:
    if before is None or after is None:
        return before != after
    try:
        was, is_now = unix_seconds(before), unix_seconds(after)
    except ValueError:
        return True
    return abs(is_now - was) > max(by_seconds, MOVED * (age_at - was) if age_at is not None else 0.0)
