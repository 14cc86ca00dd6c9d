"""One consumer group: what it has to do, how its attempts end, how long things take."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.panels import Query, Section, Subject, board, lines
from dashboards.queries import Metrics

METRICS = Metrics('group=~"$group"')
WAITING = {
    "lag": "lag_entries",
    "due": "due_entries",
    "scheduled": "scheduled_entries",
    "parked": "parked_entries",
    "no handler": "unhandled_entries",
    "pending": "pending_entries",
}


def group() -> Dashboard:
    """Build it."""
    return board(
        "Salesloft webhooks: one group",
        "salesloft-webhooks-group",
        "Everything about the chosen consumer groups.",
        variables=["group"],
        sections=[_work(), _attempts(), _calls(), _warehouse()],
    )


def _gauge(name: str) -> str:
    return METRICS.most(f"group_{name}", "group")


def _work() -> Section:
    in_flight = f"sum by (group) ({METRICS.series('attempts_in_flight')})"
    return Section(
        "Work",
        lines(
            Subject("Backlog", "short", "What workers could run now or are running: scale by it.", "BacklogGrowing"),
            Query(_gauge("backlog_entries"), "{{group}}"),
        ),
        lines(
            Subject(
                "Where entries wait",
                "short",
                "Never taken, due, waiting for a retry, behind their lane's head, for a handler.",
                "NoHandler",
            ),
            *(Query(_gauge(metric), f"{{{{group}}}} {name}") for name, metric in WAITING.items()),
        ),
        lines(
            Subject("Oldest event", "s", "Age of the oldest event not finished.", "BacklogOld"),
            Query(_gauge("oldest_age_seconds"), "{{group}}"),
        ),
        lines(
            Subject("Workers", "short", "Consumers, and attempts in flight.", "GroupWithoutConsumers"),
            Query(_gauge("consumers"), "{{group}} consumers"),
            Query(in_flight, "{{group}} in flight"),
        ),
        lines(
            Subject("Paused", "bool_yes_no", "Whether the group takes nothing.", "GroupPaused"),
            Query(_gauge("paused"), "{{group}}"),
        ),
        lines(
            Subject("Dead letters", "short", "What nobody has dealt with.", "DeadLetters"),
            Query(_gauge("dead_letters"), "{{group}}"),
        ),
    )


def _attempts() -> Section:
    retried = METRICS.rate("attempts_total", 'outcome="retried", ')
    return Section(
        "Attempts",
        lines(
            Subject("By outcome", "ops", "How runs of the handler end.", "RetryStorm"),
            Query(f"sum by (outcome) ({METRICS.rate('attempts_total')})", "{{outcome}}"),
        ),
        lines(
            Subject("Retried by event type", "ops", "Which events the handler fails on.", "RetryStorm"),
            Query(f"sum by (event_type) ({retried})", "{{event_type}}"),
        ),
        lines(
            Subject(
                "Why they fail", "ops", "What was raised: why events are retried and the group is paused.", "RetryStorm"
            ),
            Query(f"sum by (outcome, error) ({METRICS.rate('attempt_errors_total')})", "{{outcome}} {{error}}"),
        ),
        lines(
            Subject("Run time", "s", "95 % of the attempts are faster, by event type.", "HandlersSlow"),
            Query(METRICS.quantile(0.95, "attempt_duration_seconds", "event_type"), "{{event_type}}"),
        ),
        lines(
            Subject("From stored to done", "s", "What a user waits, retries included."),
            Query(METRICS.quantile(0.5, "event_age_seconds"), "median"),
            Query(METRICS.quantile(0.95, "event_age_seconds"), "95 %"),
        ),
        lines(
            Subject("New dead letters", "short", "In the last hour, by type and reason.", "Poison"),
            Query(METRICS.hourly("dead_letters_total", "event_type, reason"), "{{event_type}} {{reason}}"),
        ),
        lines(
            Subject(
                "Leases lost", "ops", "Attempts that outlived their lease: others ran the event again. Blocked loops."
            ),
            Query(f"sum by (event_type) ({METRICS.rate('leases_lost_total')})", "{{event_type}}"),
            Query(f"sum({METRICS.rate('loop_blocked_total')})", "a handler blocks the event loop"),
        ),
    )


def _calls() -> Section:
    quota = f"max by (crm) ({Metrics().series('crm_quota_used_ratio')})"
    return Section(
        "Taking and settling",
        lines(
            Subject("Entries", "ops", "Taken to be run, and skipped as already done or not for the group."),
            Query(f"sum by (group) ({METRICS.rate('entries_taken_total')})", "{{group}} taken"),
            Query(f"sum by (group) ({METRICS.rate('entries_skipped_total')})", "{{group}} skipped"),
        ),
        lines(
            Subject(
                "Held up by limits",
                "short",
                "Loops that have something to do and no permit, on average, by the limit. More workers do not help.",
                "BacklogGrowing",
            ),
            Query(f"sum by (group, limit) ({METRICS.rate('held_up_seconds_total')})", "{{group}} {{limit}}"),
        ),
        lines(
            Subject("Calls to Redis", "s", "99 % are faster.", "StoreDown"),
            Query(METRICS.quantile(0.99, "take_duration_seconds"), "take"),
            Query(METRICS.quantile(0.99, "settle_duration_seconds"), "settle"),
        ),
        lines(
            Subject("Attempts settled at once", "short", "By one call, on average."),
            Query(METRICS.mean("settle_batch_outcomes"), "attempts"),
        ),
        lines(
            Subject("Quota of the CRM", "percentunit", "Used in 24 hours, by the CRM's latest answer.", "CrmQuota"),
            Query(quota, "{{crm}}"),
        ),
    )


def _warehouse() -> Section:
    """Both stay empty where no worker has a warehouse."""
    complete, begun = (_gauge_of_warehouse(f"{name}_timestamp_seconds") for name in ("compacted", "compaction_begun"))
    return Section(
        "Warehouse",
        lines(
            Subject(
                "Since the last compaction",
                "s",
                "Since one began that left nothing to do, and since any began; and how long that may be.",
                "CompactionOld",
            ),
            Query(f"time() - {complete}", "{{group}} complete"),
            Query(f"time() - {begun}", "{{group}} begun"),
            Query(_gauge_of_warehouse("compaction_limit_seconds"), "{{group}} limit"),
        ),
        lines(
            Subject("Damaged files", "short", "What the last compaction could not read.", "CompactionOld"),
            Query(_gauge_of_warehouse("damaged_files"), "{{group}}"),
        ),
    )


def _gauge_of_warehouse(name: str) -> str:
    return METRICS.most(f"warehouse_{name}", "group")
