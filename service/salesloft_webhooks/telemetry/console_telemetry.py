"""What the console reports: what is asked of it, what people do in it, and whether it sees the store."""

from salesloft_webhooks.telemetry.metrics import CONSOLE, counter, expose, gauge, histogram

REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""A page is there within 0.15 s, or people notice."""

REQUESTS = counter(
    CONSOLE,
    "console_requests_total",
    "Requests for a page, an action or a stream of the console, by the status of the answer.",
    "route",
    "code",
)
REQUEST_TIME = histogram(
    CONSOLE,
    "console_request_seconds",
    "Time until a page or an action of the console is answered.",
    "route",
    buckets=REQUEST_SECONDS,
)
ACTS = counter(
    CONSOLE,
    "console_acts_total",
    "What people did in the console, by how it ended: done, refused, failed, interrupted.",
    "act",
    "outcome",
)
STREAMS = gauge(
    CONSOLE,
    "console_streams",
    "Pages that follow what happens at the moment; at most 50.",
)
STORE_UP = gauge(
    CONSOLE,
    "console_store_up",
    "1 while the store tells the console the time within a second, else 0: pages then show what they showed last.",
)


class ConsoleTelemetry:
    """The verbs of a console."""

    def __init__(self) -> None:
        expose(CONSOLE)
        STORE_UP.set(1)

    def answered(self, route: str, status: int, seconds: float | None) -> None:
        """A request has its answer.

        Args:
            route: Its path, with the names of its parts in the place of what stood there.
            status: Of the answer.
            seconds: What it took; None for a stream, which has only begun.
        """
        REQUESTS.labels(route, str(status)).inc()
        if seconds is not None:
            REQUEST_TIME.labels(route).observe(seconds)

    def acted(self, act: str, outcome: str) -> None:
        """Somebody did something, or tried to."""
        ACTS.labels(act, outcome).inc()

    def streams(self, count: int) -> None:
        """So many are open."""
        STREAMS.set(count)

    def store_seen(self, *, up: bool) -> None:
        """Whether the store answers."""
        STORE_UP.set(up)
