"""The overview: from what arrives to what is handled, and the store beneath."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.panels import Query, Section, Subject, board, figure, lines

WHERE = 'namespace=~"$namespace"'
RANGE = f"{{{WHERE}}}[$__rate_interval]"
M = "salesloft_webhooks"
DELIVERIES = f"namespace_source_outcome:{M}_deliveries:rate5m"
ATTEMPTS = f"namespace_group_outcome:{M}_attempts:rate5m"
BACKLOG = f"namespace_group:{M}_group_backlog_entries:max"
OLDEST = f"namespace_group:{M}_group_oldest_age_seconds:max"
FAILED = f"namespace:{M}_deliveries_failed:ratio_rate5m"
P95 = f"namespace_group:{M}_attempt_duration_seconds:p95_10m"


def overview() -> Dashboard:
    """Build it."""
    return board(
        "Salesloft webhooks: overview",
        "salesloft-webhooks-overview",
        "Are deliveries arriving, being refused, queued, handled, retried or lost? In pipeline order.",
        sections=[_now(), _received(), _stored(), _queued(), _handled(), _store()],
    )


def _of_groups(gauge: str) -> str:
    """The sum over all groups of a figure that every process reports alike."""
    return f"sum(max by (namespace, group) ({M}_{gauge}{{{WHERE}}}))"


def _now() -> Section:
    accepted = f'sum({DELIVERIES}{{outcome=~"stored|duplicate", {WHERE}}})'
    return Section(
        "Now",
        figure(
            Subject("Accepted", "reqps", "Deliveries answered with 200 per second.", "DeliveriesBelowUsual"),
            Query(accepted, "accepted"),
        ),
        figure(
            Subject("Failed", "percentunit", "Share we failed to accept; budget 0.1 %.", "ErrorBudgetBurn"),
            Query(f"max({FAILED}{{{WHERE}}})", "failed"),
            bad_from=0.001,
        ),
        figure(
            Subject("Backlog", "short", "Events that workers could run now, all groups.", "BacklogGrowing"),
            Query(f"sum({BACKLOG}{{{WHERE}}})", "backlog"),
            bad_from=1000,
        ),
        figure(
            Subject("Oldest event", "s", "Age of the oldest event some group has not finished.", "BacklogOld"),
            Query(f"max({OLDEST}{{{WHERE}}})", "oldest"),
            bad_from=1800,
        ),
        figure(
            Subject("Dead letters", "short", "Events somebody has to redrive or discard.", "DeadLetters"),
            Query(_of_groups("group_dead_letters"), "dead"),
            bad_from=1,
        ),
        figure(
            Subject("Paused groups", "short", "Groups that take nothing, by hand or by a breaker.", "GroupPaused"),
            Query(_of_groups("group_paused"), "paused"),
            bad_from=1,
        ),
    )


def _received() -> Section:
    refused = f"rate({M}_signature_failures_total{RANGE})"
    repeated = f'sum({DELIVERIES}{{outcome="duplicate", {WHERE}}})'
    accepted = f'sum({DELIVERIES}{{outcome=~"stored|duplicate", {WHERE}}})'
    last = f"max by (source) ({M}_last_delivery_timestamp_seconds{{{WHERE}}})"
    return Section(
        "Received and refused",
        lines(
            Subject("Deliveries by outcome", "reqps", "Anything but stored and duplicate is refused."),
            Query(f"sum by (outcome) ({DELIVERIES}{{{WHERE}}})", "{{outcome}}"),
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
            Query(f"{repeated} / {accepted}", "duplicates"),
            width=24,
        ),
    )


def _stored() -> Section:
    bucket = f'{M}_delivery_duration_seconds_bucket{{outcome="stored", {WHERE}}}[$__rate_interval]'
    batch = f"sum(rate({M}_publish_batch_deliveries_sum{RANGE})) / sum(rate({M}_publish_batch_deliveries_count{RANGE}))"
    commit = f"histogram_quantile(0.99, sum by (le) (rate({M}_publish_duration_seconds_bucket{RANGE})))"
    return Section(
        "Stored",
        lines(
            Subject("Stored by event type", "reqps", "New events by type; unknown types are `other`."),
            Query(f"sum by (event_type) (rate({M}_events_stored_total{RANGE}))", "{{event_type}}"),
            width=24,
        ),
        lines(
            Subject("Receive latency", "s", "From the request's headers to the answer, stored deliveries."),
            Query(f"histogram_quantile(0.5, sum by (le) (rate({bucket})))", "median"),
            Query(f"histogram_quantile(0.99, sum by (le) (rate({bucket})))", "99 %"),
        ),
        lines(
            Subject("Group commit size", "short", "Deliveries carried by one round trip to Redis, on average."),
            Query(batch, "deliveries"),
        ),
        lines(
            Subject("Group commit time", "s", "One commit to Redis, durability included.", "StoreDown"),
            Query(commit, "99 %"),
        ),
    )


def _queued() -> Section:
    in_flight = f"sum by (group) ({M}_attempts_in_flight{{{WHERE}}})"
    return Section(
        "Queued",
        lines(
            Subject("Backlog by group", "short", "What workers could run now (lag + due).", "BacklogGrowing"),
            Query(f"sum by (group) ({BACKLOG}{{{WHERE}}})", "{{group}}"),
        ),
        lines(
            Subject("Oldest event by group", "s", "How far a group is behind.", "BacklogOld"),
            Query(f"max by (group) ({OLDEST}{{{WHERE}}})", "{{group}}"),
        ),
        lines(
            Subject("In flight", "short", "Attempts running now, by group.", "GroupWithoutConsumers"),
            Query(in_flight, "{{group}}"),
        ),
    )


def _handled() -> Section:
    age = f"histogram_quantile(0.95, sum by (group, le) (rate({M}_event_age_seconds_bucket{RANGE})))"
    dead = f"sum by (group, reason) (increase({M}_dead_letters_total{{{WHERE}}}[1h]))"
    return Section(
        "Handled, retried, lost",
        lines(
            Subject("Attempts by outcome", "ops", "Runs of handlers, all groups.", "RetryStorm"),
            Query(f"sum by (outcome) ({ATTEMPTS}{{{WHERE}}})", "{{outcome}}"),
        ),
        lines(
            Subject("Handler latency", "s", "95 % of the attempts are faster.", "HandlersSlow"),
            Query(f"max by (group) ({P95}{{{WHERE}}})", "{{group}}"),
        ),
        lines(
            Subject("From stored to done", "s", "What a user waits, retries included; 95 %."),
            Query(age, "{{group}}"),
        ),
        lines(
            Subject("New dead letters", "short", "In the last hour, by group and reason.", "DeadLetters"),
            Query(dead, "{{group}} {{reason}}"),
            width=24,
        ),
    )


def _store() -> Section:
    used = f"max by (partition) ({M}_store_memory_used_bytes{{{WHERE}}})"
    limit = f"max by (partition) ({M}_store_memory_limit_bytes{{{WHERE}}} > 0)"
    return Section(
        "Redis",
        lines(
            Subject("Available", "bool_yes_no", "Whether every process of the role can use Redis.", "StoreDown"),
            Query(f"min by (role) ({M}_store_available{{{WHERE}}})", "{{role}}"),
            Query(f"1 - max({M}_durability_degraded{{{WHERE}}})", "durable as promised"),
        ),
        lines(
            Subject("Memory", "bytes", "Used, and the server's limit if it has one.", "StoreMemory"),
            Query(used, "used {{partition}}"),
            Query(limit, "limit {{partition}}"),
        ),
        lines(
            Subject("Stream length", "short", "Entries, handled history included."),
            Query(f"max by (partition) ({M}_stream_entries{{{WHERE}}})", "partition {{partition}}"),
        ),
    )
