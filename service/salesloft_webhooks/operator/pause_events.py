"""What is reported of pauses, as events on the object: what begins, what ends, and what somebody had ended by hand."""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.operator.group_view import GroupState, GroupView

DECLARATION = "Declaration"
PAUSED_AGAIN = (
    "Warning",
    "PausedAgain",
    "the pause was gone, as after `groups resume`; it is declared, so the group is paused again",
)


def pause_event(before: Mapping[str, Any], after: Mapping[str, Any], view: GroupView) -> tuple[str, str, str] | None:
    """The event that goes with a status: its type, reason and note; None: nothing has begun or ended.

    Args:
        before: The status as it stands there.
        after: The status that is to be written.
        view: What that was made from.
    """
    was, is_now = before.get("pausedBy") == DECLARATION, after.get("pausedBy") == DECLARATION
    if was == is_now or view.state is not GroupState.PRESENT:
        return None
    if is_now:
        return "Normal", "Paused", _until(after)
    if view.over:
        return "Normal", "PauseEnded", f"the pause ended at {view.over}, as declared"
    by = after.get("pausedBy")
    left = "the group takes events again" if by is None else f"the group stays paused ({by})"
    return "Normal", "Resumed", f"no pause is declared any more: {left}"


def _until(status: Mapping[str, Any]) -> str:
    until, reason = status.get("pausedUntil"), status.get("pauseReason")
    end = f"until {until}" if until else "until that is no longer declared"
    return f"the group takes no events {end}" + (f": {reason}" if reason else "")
