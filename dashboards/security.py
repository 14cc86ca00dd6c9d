"""Signatures and security: who is refused and why, which keys are in use, what is malformed."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.panels import Query, Section, Subject, board, lines
from dashboards.queries import DELIVERIES, Metrics

METRICS = Metrics('source=~"$source"')


def security() -> Dashboard:
    """Build it."""
    return board(
        "Salesloft webhooks: signatures and security",
        "salesloft-webhooks-security",
        "Who is refused and why, which keys are in use, what is malformed.",
        variables=["source"],
        sections=[_signatures(), _keys(), _abuse()],
    )


def _signatures() -> Section:
    rejected = METRICS.recorded(DELIVERIES, 'outcome="rejected", ')
    all_of_source = METRICS.recorded(DELIVERIES)
    seconds = METRICS.rate("delivery_duration_seconds_sum", 'outcome="rejected", ')
    return Section(
        "Signatures",
        lines(
            Subject("Share refused", "percentunit", "401 among all deliveries.", "SignatureFailures"),
            Query(f"sum by (source) ({rejected}) / sum by (source) ({all_of_source})", "{{source}}"),
        ),
        lines(
            Subject("Refused by reason", "reqps", "`mismatch` is a wrong key or a forgery.", "SignatureFailures"),
            Query(f"sum by (source, reason) ({METRICS.rate('signature_failures_total')})", "{{source}} {{reason}}"),
        ),
        lines(
            Subject("Time spent on forgeries", "s", "Seconds per second; a forged request costs almost nothing."),
            Query(f"sum by (source) ({seconds})", "{{source}}"),
        ),
    )


def _keys() -> Section:
    used = f"sum by (source) ({METRICS.rate('signature_matches_total')})"
    not_first = METRICS.rate("signature_matches_total", 'key!="0", ')
    return Section(
        "Keys",
        lines(
            Subject("Verified by key", "reqps", "Position of the key that matched; 0 is the current one."),
            Query(
                f"sum by (source, dialect, key) ({METRICS.rate('signature_matches_total')})",
                "{{source}} {{dialect}} key {{key}}",
            ),
            width=12,
        ),
        lines(
            Subject("Old keys", "percentunit", "Must be 0 before an old key is removed.", "RotationUnfinished"),
            Query(f"(sum by (source) ({not_first}) or 0 * {used}) / {used}", "{{source}}"),
            width=12,
        ),
    )


def _abuse() -> Section:
    wasteful = METRICS.recorded(DELIVERIES, 'outcome=~"too_large|too_slow|disconnected|overloaded", ')
    return Section(
        "Malformed and abusive",
        lines(
            Subject("Unreadable", "reqps", "Signed and not an event: 400, kept in quarantine.", "Quarantine"),
            Query(f"sum by (source, reason) ({METRICS.rate('unreadable_total')})", "{{source}} {{reason}}"),
        ),
        lines(
            Subject("In quarantine", "short", "Deliveries kept for inspection.", "Quarantine"),
            Query(Metrics().most("quarantine_entries", "partition"), "partition {{partition}}"),
        ),
        lines(
            Subject("Too large, too slow, broken off", "reqps", "Cheap ways to waste a receiver's time."),
            Query(f"sum by (source, outcome) ({wasteful})", "{{source}} {{outcome}}"),
        ),
    )
