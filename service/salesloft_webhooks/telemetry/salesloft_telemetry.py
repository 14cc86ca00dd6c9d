"""What is reported about SalesLoft's API, by whatever role asks it."""

from salesloft_webhooks.telemetry.metrics import SALESLOFT, counter, expose, gauge

API_REQUESTS = counter(
    SALESLOFT,
    "api_requests_total",
    "Requests to SalesLoft's API, by their answer: a status, or what came instead of one.",
    "method",
    "code",
)
API_BUDGET_REMAINING = gauge(
    SALESLOFT,
    "api_budget_remaining",
    "Units of SalesLoft's rate limit that were left for this minute, by its latest answer. The team shares them.",
)
API_WAITED_SECONDS = counter(
    SALESLOFT,
    "api_waited_seconds_total",
    "Time that requests to SalesLoft's API have waited for its rate limit.",
    unshown="finding out whether the rate limit is what makes us slow",
)


class SalesloftTelemetry:
    """The verbs of a client of SalesLoft's API."""

    def __init__(self) -> None:
        expose(SALESLOFT)

    def answered(self, method: str, code: int | str) -> None:
        """A request has its answer: a status, or a word from a closed set that says why there is none."""
        API_REQUESTS.labels(method, str(code)).inc()

    def budget_left(self, units: int) -> None:
        """What SalesLoft says is left in this minute."""
        API_BUDGET_REMAINING.set(units)

    def waited(self, seconds: float) -> None:
        """A request has waited for the rate limit."""
        API_WAITED_SECONDS.inc(seconds)
