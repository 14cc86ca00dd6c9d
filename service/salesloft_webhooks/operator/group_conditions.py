"""The two conditions of a `ConsumerGroup`: whether it does what it should, and whether it is up to date.

    ===========  =======  ===================  =====================================================================
    type         status   reason               when
    ===========  =======  ===================  =====================================================================
    `Ready`      True     `TakesEvents`        a worker is there
                          `Idle`               none is, and nothing waits: scaled to zero
                          `PauseEnded`         as one of these; the end of the declared pause has passed
                          `Paused`             as is declared
                          `PausedByHand`       nothing is declared, so nobody minds
                 False    `NoConsumers`        events wait, and no worker is there
                          `BackendDown`        a handler has paused it
                          `GroupUnknown`       no worker has ever registered it, or it was removed
                          `DeclaredElsewhere`  another object of the same group is believed
                          `Unreadable`         the declaration is; pauses stay as they are
                 Unknown  `StoreUnavailable`   the figures are old
    `CaughtUp`   True     `UpToDate`           nothing waits for long
                 False    `Behind`             its oldest unfinished event is older than `BEHIND_SECONDS`
                 Unknown  as `Ready`           there is nothing to tell it by
    ===========  =======  ===================  =====================================================================

`CaughtUp` turns true again only below `CAUGHT_UP_SECONDS`: a group at the limit must not go back and forth. A message
says nothing that moves by itself, or each look would be a change.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from salesloft_webhooks.broker.administration.stored_pause import Pause
from salesloft_webhooks.operator.conditions import FALSE, TRUE, UNKNOWN, status_of
from salesloft_webhooks.operator.group_view import GroupState, GroupView
from salesloft_webhooks.operator.objects import Condition
from salesloft_webhooks.operator.times import seconds_time

BEHIND_SECONDS = 60.0
CAUGHT_UP_SECONDS = 30.0
READY, CAUGHT_UP = "Ready", "CaughtUp"


def ready(view: GroupView, status: Mapping[str, Any]) -> Condition:
    """`Ready`.

    Args:
        view: What is known.
        status: As it stands there: how old it is, when nothing newer can be had.
    """
    if view.state is GroupState.UNKNOWN:
        of = status.get("measuredAt")
        message = f"the store cannot be asked; the figures are of {of}" if of else "the store cannot be asked"
        return Condition(type=READY, status=UNKNOWN, reason=view.state, message=message)
    if view.state is not GroupState.PRESENT:
        return Condition(type=READY, status=FALSE, reason=view.state, message=view.message)
    return _paused(view) if view.pause.kind is not Pause.NONE else _active(view)


def caught_up(view: GroupView, conditions: Sequence[Condition]) -> Condition:
    """`CaughtUp`, which depends on what it was before."""
    if view.stats is None or view.state in {GroupState.UNKNOWN, GroupState.ABSENT}:
        return Condition(type=CAUGHT_UP, status=UNKNOWN, reason=view.state)
    limit = CAUGHT_UP_SECONDS if status_of(conditions, CAUGHT_UP) == FALSE else BEHIND_SECONDS
    if view.stats.oldest_age_seconds > limit:
        message = f"an event it has not finished is older than {CAUGHT_UP_SECONDS:.0f} s"
        return Condition(type=CAUGHT_UP, status=FALSE, reason="Behind", message=message)
    return Condition(type=CAUGHT_UP, status=TRUE, reason="UpToDate")


def _paused(view: GroupView) -> Condition:
    pause = view.pause
    why = f": {pause.reason}" if pause.reason else ""
    until = "" if pause.until_ms is None else f" until {seconds_time(pause.until_ms / 1_000)}"
    if pause.kind is Pause.BREAKER:  # its end moves with each attempt
        return Condition(type=READY, status=FALSE, reason="BackendDown", message=f"a handler paused it{why}")
    if pause.kind is Pause.MANUAL:
        return Condition(type=READY, status=TRUE, reason="PausedByHand", message=f"paused by hand{until}{why}")
    return Condition(type=READY, status=TRUE, reason="Paused", message=f"{pause.declared_by} pauses it{until}{why}")


def _active(view: GroupView) -> Condition:
    stats = view.stats
    waits = stats is not None and stats.lag + stats.pending + stats.follow_ups_due > 0
    if stats is None or not stats.consumers:
        if waits:
            return Condition(
                type=READY, status=FALSE, reason="NoConsumers", message="events wait and no worker is there"
            )
        return Condition(type=READY, status=TRUE, reason="Idle", message="no worker is there, and nothing waits")
    if view.over:
        return Condition(type=READY, status=TRUE, reason="PauseEnded", message=f"its pause ended at {view.over}")
    return Condition(type=READY, status=TRUE, reason=view.state)
