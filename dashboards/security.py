"""Signatures and security: who is refused and why, which keys are in use, what is malformed."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.panels import Query, Section, Subject, board, lines

WHERE = 'namespace=~"$namespace", source=~"$source"'
M = "salesloft_webhooks"
DELIVERIES = f"namespace_source_outcome:{M}_deliveries:rate5m"


def security() -> Dashboard:
    """Build it."""
    return board(
        "Salesloft webhooks: signatures and security",
        "salesloft-webhooks-security",
        "Who is refused and why, which keys are in use, what is malformed.",
        variables=["source"],
        sections=[_signatures(), _keys(), _abuse()],
    )


def _rate(name: str, further: str = "") -> str:
    return f"rate({M}_{name}{{{WHERE}{further}}}[$__rate_interval])"


def _signatures() -> Section:
    rejected = f'sum by (source) ({DELIVERIES}{{{WHERE}, outcome="rejected"}})'
    seconds = _rate("delivery_duration_seconds_sum", ', outcome="rejected"')
    return Section(
        "Signatures",
        lines(
            Subject("Share refused", "percentunit", "401 among all deliveries.", "SignatureFailures"),
            Query(f"{rejected} / sum by (source) ({DELIVERIES}{{{WHERE}}})", "{{source}}"),
        ),
        lines(
            Subject("Refused by reason", "reqps", "`mismatch` is a wrong key or a forgery.", "SignatureFailures"),
            Query(f"sum by (source, reason) ({_rate('signature_failures_total')})", "{{source}} {{reason}}"),
        ),
        lines(
            Subject("Time spent on forgeries", "s", "Seconds per second; a forged request costs almost nothing."),
            Query(f"sum by (source) ({seconds})", "{{source}}"),
        ),
    )


def _keys() -> Section:
    used = f"sum by (source) ({_rate('signature_matches_total')})"
    not_first = _rate("signature_matches_total", ', key!="0"')
    return Section(
        "Keys",
        lines(
            Subject("Verified by key", "reqps", "Position of the key that matched; 0 is the current one."),
            Query(
                f"sum by (source, dialect, key) ({_rate('signature_matches_total')})",
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
    quarantined = f'max by (partition) ({M}_quarantine_entries{{namespace=~"$namespace"}})'
    wasteful = f'{DELIVERIES}{{{WHERE}, outcome=~"too_large|too_slow|disconnected|overloaded"}}'
    return Section(
        "Malformed and abusive",
        lines(
            Subject("Unreadable", "reqps", "Signed and not an event: 400, kept in quarantine.", "Quarantine"),
            Query(f"sum by (source, reason) ({_rate('unreadable_total')})", "{{source}} {{reason}}"),
        ),
        lines(
            Subject("In quarantine", "short", "Deliveries kept for inspection.", "Quarantine"),
            Query(quarantined, "partition {{partition}}"),
        ),
        lines(
            Subject("Too large, too slow, broken off", "reqps", "Cheap ways to waste a receiver's time."),
            Query(f"sum by (source, outcome) ({wasteful})", "{{source}} {{outcome}}"),
        ),
    )
