"""The overview: from what arrives to what is handled, and the store beneath."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.declared_subscriptions import declared, operator
from dashboards.missed_changes import missed
from dashboards.panels import Query, Section, Subject, board, figure, lines
from dashboards.people_at_work import console
from dashboards.queries import ATTEMPTS, BACKLOG, DELIVERIES, FAILED, OLDEST, P95, Metrics

METRICS = Metrics()
ACCEPTED = METRICS.recorded(DELIVERIES, 'outcome=~"stored|duplicate", ')


def overview() -> Dashboard:
    """Build it."""
    return board(
        "Salesloft webhooks: overview",
        "salesloft-webhooks-overview",
        "Are deliveries arriving, being refused, queued, handled, retried or lost? In pipeline order.",
        sections=[
            *(_now(), _received(), _stored(), _queued(), _handled(), _link_swaps(), _store()),
            *(declared(), operator(), missed(), console()),
        ],
    )


def _of_groups(gauge: str) -> str:
    """The sum over all groups of a figure that every process reports alike."""
    return f"sum({METRICS.most(gauge, 'namespace, group')})"


def _now() -> Section:
    return Section(
        "Now",
        figure(
            Subject("Accepted", "reqps", "Deliveries answered with 200 per second.", "DeliveriesBelowUsual"),
            Query(f"sum({ACCEPTED})", "accepted"),
        ),
        figure(
            Subject("Failed", "percentunit", "Share we failed to accept; budget 0.1 %.", "ErrorBudgetBurn"),
            Query(f"max({METRICS.recorded(FAILED)})", "failed"),
            bad_from=0.001,
        ),
        figure(
            Subject(
                "Backlog", "short", "Events that workers could run now or are running, all groups.", "BacklogGrowing"
            ),
            Query(f"sum({METRICS.recorded(BACKLOG)})", "backlog"),
            bad_from=1000,
        ),
        figure(
            Subject("Oldest event", "s", "Age of the oldest event some group has not finished.", "BacklogOld"),
            Query(f"max({METRICS.recorded(OLDEST)})", "oldest"),
            bad_from=1800,
        ),
        figure(
            Subject("Dead letters", "short", "Events somebody has to redrive or discard.", "DeadLetters"),
            Query(_of_groups("group_dead_letters"), "dead"),
            bad_from=1,
        ),
        figure(
            Subject(
                "Paused groups",
                "short",
                "Groups that take nothing: paused by hand, by a breaker, or as declared.",
                "GroupPaused",
            ),
            Query(_of_groups("group_paused"), "paused"),
            bad_from=1,
        ),
    )


def _received() -> Section:
    refused = METRICS.rate("signature_failures_total")
    repeated = METRICS.recorded(DELIVERIES, 'outcome="duplicate", ')
    last = METRICS.most("last_delivery_timestamp_seconds", "source")
    return Section(
        "Received and refused",
        lines(
            Subject("Deliveries by outcome", "reqps", "Anything but stored and duplicate is refused."),
            Query(f"sum by (outcome) ({METRICS.recorded(DELIVERIES)})", "{{outcome}}"),
        ),
        lines(
            Subject("Refused signatures", "reqps", "401 by reason.", "SignatureFailures"),
            Query(f"sum by (reason) ({refused})", "{{reason}}"),
        ),
        lines(
            Subject("Since the last delivery", "s", "Silence, by source.", "DeliveriesAbsent"),
            Query(f"time() - {last}", "{{source}}"),
        ),
        lines(
            Subject("Duplicates", "percentunit", "Share of repeats: our 200 came too late.", "Duplicates"),
            Query(f"sum({repeated}) / sum({ACCEPTED})", "duplicates"),
            width=24,
        ),
    )


def _stored() -> Section:
    stored = 'outcome="stored", '
    return Section(
        "Stored",
        lines(
            Subject("Stored by event type", "reqps", "New events by type; unknown types are `other`."),
            Query(f"sum by (event_type) ({METRICS.rate('events_stored_total')})", "{{event_type}}"),
            width=24,
        ),
        lines(
            Subject("Receive latency", "s", "From the request's headers to the answer, stored deliveries."),
            Query(METRICS.quantile(0.5, "delivery_duration_seconds", further=stored), "median"),
            Query(METRICS.quantile(0.99, "delivery_duration_seconds", further=stored), "99 %"),
        ),
        lines(
            Subject("Group commit size", "short", "Deliveries carried by one round trip to Redis, on average."),
            Query(METRICS.mean("publish_batch_deliveries"), "deliveries"),
        ),
        lines(
            Subject("Group commit time", "s", "One commit to Redis, durability included.", "StoreDown"),
            Query(METRICS.quantile(0.99, "publish_duration_seconds"), "99 %"),
        ),
    )


def _queued() -> Section:
    in_flight = f"sum by (group) ({METRICS.series('attempts_in_flight')})"
    return Section(
        "Queued",
        lines(
            Subject("Backlog by group", "short", "What workers could run now or are running.", "BacklogGrowing"),
            Query(f"sum by (group) ({METRICS.recorded(BACKLOG)})", "{{group}}"),
        ),
        lines(
            Subject("Oldest event by group", "s", "How far a group is behind.", "BacklogOld"),
            Query(f"max by (group) ({METRICS.recorded(OLDEST)})", "{{group}}"),
        ),
        lines(
            Subject("In flight", "short", "Attempts running now, by group.", "GroupWithoutConsumers"),
            Query(in_flight, "{{group}}"),
        ),
    )


def _handled() -> Section:
    return Section(
        "Handled, retried, lost",
        lines(
            Subject("Attempts by outcome", "ops", "Runs of handlers, all groups.", "RetryStorm"),
            Query(f"sum by (outcome) ({METRICS.recorded(ATTEMPTS)})", "{{outcome}}"),
        ),
        lines(
            Subject("Run time", "s", "95 % of the attempts are faster.", "HandlersSlow"),
            Query(f"max by (group) ({METRICS.recorded(P95)})", "{{group}}"),
        ),
        lines(
            Subject("From stored to done", "s", "What a user waits, retries included; 95 %."),
            Query(METRICS.quantile(0.95, "event_age_seconds", "group"), "{{group}}"),
        ),
        lines(
            Subject("New dead letters", "short", "In the last hour, by group and reason.", "DeadLetters"),
            Query(METRICS.hourly("dead_letters_total", "group, reason"), "{{group}} {{reason}}"),
            width=24,
        ),
    )


def _link_swaps() -> Section:
    """Empty where none is answered."""
    return Section(
        "Link swaps",
        lines(
            Subject(
                "Link swaps by reason",
                "reqps",
                "What their answers come from; all but answered, repeated and no_links are fallbacks.",
                "LinkSwapFallback",
            ),
            Query(f"sum by (outcome, reason) ({METRICS.rate('link_swap_total')})", "{{outcome}} {{reason}}"),
        ),
        lines(
            Subject("Link swap time", "s", "A mail waits for it; the budget is 2 s.", "LinkSwapFallback"),
            Query(METRICS.quantile(0.5, "link_swap_seconds"), "median"),
            Query(METRICS.quantile(0.99, "link_swap_seconds"), "99 %"),
        ),
        lines(
            Subject("Links", "ops", "Refused: the swapper gives what may not be used, such as a host not listed."),
            Query(f"sum by (outcome) ({METRICS.rate('link_swap_links_total')})", "{{outcome}}"),
        ),
    )


def _store() -> Section:
    limit = f"max by (partition) ({METRICS.series('store_memory_limit_bytes')} > 0)"
    return Section(
        "Redis",
        lines(
            Subject("Available", "bool_yes_no", "Whether every process of the role can use Redis.", "StoreDown"),
            Query(f"min by (role) ({METRICS.series('store_available')})", "{{role}}"),
            Query(f"1 - max({METRICS.series('durability_degraded')})", "durable as promised"),
        ),
        lines(
            Subject("Memory", "bytes", "Used, the server's limit, and what will be needed.", "StoreMemory"),
            Query(METRICS.most("store_memory_used_bytes", "partition"), "used {{partition}}"),
            Query(limit, "limit {{partition}}"),
            Query(METRICS.most("store_memory_foreseen_bytes", "partition"), "needed at this rate {{partition}}"),
            Query(METRICS.most("stream_bytes", "partition"), "stream {{partition}}"),
        ),
        lines(
            Subject(
                "Gone before its time",
                "short",
                "Handled events and idempotency records removed because there is too little memory.",
                "HistoryShortened",
            ),
            Query(f"sum(increase({METRICS.series('history_shortened_entries_total')}[$__rate_interval]))", "history"),
            Query(f"sum(increase({METRICS.series('records_forgotten_total')}[$__rate_interval]))", "records"),
        ),
        lines(
            Subject("History", "s", "How far back the stream reaches: for replays.", "MemoryForeseen"),
            Query(METRICS.most("history_seconds", "partition"), "partition {{partition}}"),
        ),
        lines(
            Subject("Stream length", "short", "Entries, handled history included."),
            Query(METRICS.most("stream_entries", "partition"), "partition {{partition}}"),
        ),
    )
