"""The section about the console: whether people can look, and what they do."""

from dashboards.panels import Query, Section, Subject, lines
from dashboards.queries import Metrics

METRICS = Metrics()


def console() -> Section:
    """Build it."""
    refused = METRICS.rate("console_requests_total", 'code!~"2..|3..", ')
    return Section(
        "Console",
        lines(
            Subject(
                "Console's answers", "reqps", "By status. 401 and 403: people are refused; 503: the store is away."
            ),
            Query(f"sum by (code) ({METRICS.rate('console_requests_total')})", "{{code}}"),
        ),
        lines(
            Subject("Time of a page", "s", "95 % are faster; beyond 0.15 s people notice."),
            Query(METRICS.quantile(0.95, "console_request_seconds", "route"), "{{route}}"),
        ),
        lines(
            Subject("Refused and failed", "reqps", "Which pages and actions answer 4xx and 5xx.", "StoreDown"),
            Query(f"sum by (route, code) ({refused})", "{{route}} {{code}}"),
        ),
        lines(
            Subject("What people do", "short", "In the last hour. What is mended by hand each day wants a handler."),
            Query(METRICS.hourly("console_acts_total", "act, outcome"), "{{act}} {{outcome}}"),
        ),
        lines(
            Subject("Pages that follow", "short", "Open live pages; a console takes 50."),
            Query(f"sum({METRICS.series('console_streams')})", "open"),
        ),
        lines(
            Subject("Sees the store", "bool_yes_no", "No: pages show what they showed last.", "StoreDown"),
            Query(f"min({METRICS.series('console_store_up')})", "every console"),
        ),
    )
