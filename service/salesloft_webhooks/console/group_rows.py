"""A group as pages show it in a row: its figures, how it is in one word, and where its backlog is going."""

from collections.abc import Sequence

from msgspec import Struct

from salesloft_webhooks.broker.administration.samples import GroupSample, Trend
from salesloft_webhooks.broker.administration.stats import GroupStats
from salesloft_webhooks.broker.administration.stored_pause import Pause
from salesloft_webhooks.readable_times import seconds_text

STANDING_PER_SECOND = 0.05
"""A backlog that moves by less stands."""
_WHO = {
    Pause.MANUAL: "by hand",
    Pause.BREAKER: "by a handler: its backend is down",
    Pause.DECLARED: "by ConsumerGroup ",
}


class GroupRow(Struct, frozen=True):
    """One group.

    Attributes:
        name: Its name.
        state: How it is, in a word or two.
        kind: Of the state: ``good``, ``bad``, ``waiting``, ``paused`` or ``quiet``.
        backlog: What its workers could do now, or do.
        trend: Where that is going, in words; empty: it stands, or nobody knows yet.
        samples: The backlog of the last half hour, the oldest first.
        oldest_age_seconds: Of the oldest event that it has not finished; 0: there is none.
        running: Leased to a worker.
        scheduled: Waiting for a retry's time.
        parked: Waiting behind an earlier event of the same entity.
        unhandled: Waiting for a worker with a handler for them.
        follow_ups: Follow-ups that wait for their time.
        next_follow_up_seconds: How long until the first of them is due; not above 0: it is; None: none waits.
        dead: Dead letters.
        consumers: Workers that are there.
        pause: Who paused it, why and for how long, in words; empty: nobody.
        retry_reason: What went wrong with the event that is retried next.
        limits: What limits it, in words; empty: nothing.
    """

    name: str
    state: str
    kind: str
    backlog: int
    trend: str
    samples: tuple[int, ...]
    oldest_age_seconds: float
    running: int
    scheduled: int
    parked: int
    unhandled: int
    follow_ups: int
    next_follow_up_seconds: float | None
    dead: int
    consumers: int
    pause: str
    retry_reason: str
    limits: str


def group_row(stats: GroupStats, samples: Sequence[GroupSample], trend: Trend) -> GroupRow:
    """A group's row."""
    state, kind = state_of(stats)
    return GroupRow(
        name=stats.group,
        state=state,
        kind=kind,
        backlog=stats.backlog,
        trend=trend_text(trend),
        samples=tuple(each.backlog for each in samples),
        oldest_age_seconds=stats.oldest_age_seconds,
        running=stats.running,
        scheduled=stats.scheduled,
        parked=stats.parked,
        unhandled=stats.unhandled,
        follow_ups=stats.follow_ups,
        next_follow_up_seconds=stats.next_follow_up_seconds,
        dead=stats.dead,
        consumers=stats.consumers,
        pause=pause_text(stats),
        retry_reason=stats.retry_reason,
        limits=stats.limits,
    )


def state_of(stats: GroupStats) -> tuple[str, str]:
    """How it is, and the kind of that: the worst that is true."""
    if stats.paused:
        return "paused", "paused"
    if stats.backlog and not stats.consumers:
        return "nobody works", "bad"
    if stats.scheduled:
        return "retrying", "waiting"
    if not stats.consumers:
        return "no worker", "quiet"
    return ("working", "running") if stats.backlog else ("idle", "good")


def trend_text(trend: Trend) -> str:
    """Where a backlog is going."""
    if trend.empty_in_seconds is not None and -trend.growth >= STANDING_PER_SECOND:
        return f"empty in {seconds_text(trend.empty_in_seconds)}"
    if trend.growth >= STANDING_PER_SECOND:
        return f"grows by {trend.growth:,.1f}/s"
    return ""


def pause_text(stats: GroupStats) -> str:
    """Who paused it, why and for how long."""
    if not stats.paused:
        return ""
    until = "until resumed" if stats.pause_seconds is None else f"for another {seconds_text(stats.pause_seconds)}"
    why = f": {stats.pause_reason}" if stats.pause_reason else ""
    return f"{_WHO.get(stats.pause, '')}{stats.pause_by}, {until}{why}"
