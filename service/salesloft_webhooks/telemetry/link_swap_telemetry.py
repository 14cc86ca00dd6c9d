"""What is reported about answered link swaps: counts only. A link may identify a person."""

from enum import StrEnum

from salesloft_webhooks.telemetry.logs import get_logger
from salesloft_webhooks.telemetry.metrics import CALL_SECONDS, LINK_SWAP, counter, expose, histogram
from salesloft_webhooks.telemetry.throttle import Throttle


class LinkSwapOutcome(StrEnum):
    """What SalesLoft was told about the links of a mail."""

    SWAPPED = "swapped"
    """Each leads elsewhere."""
    PARTIAL = "partial"
    """Some do; the others stay."""
    IDENTITY = "identity"
    """All stay as they are."""
    EMPTY = "empty"
    """Nothing about any of them."""
    ERROR = "error"
    """503: the mail must not be sent like this."""


class LinkSwapReason(StrEnum):
    """What a link swap's answer comes from."""

    ANSWERED = "answered"
    """The swapper's answer."""
    REPEATED = "repeated"
    """The same was asked a moment ago, and is answered the same."""
    NO_LINKS = "no_links"
    """The mail has none."""
    TIMEOUT = "timeout"
    """Fallback: no answer within `LINK_SWAP_TIMEOUT_SECONDS`."""
    CIRCUIT_OPEN = "circuit_open"
    """Fallback: the swapper has failed again and again, and is left alone."""
    TOO_MANY = "too_many"
    """Fallback: `LINK_SWAP_CONCURRENCY` is reached."""
    UNREACHABLE = "unreachable"
    """Fallback: no connection, or to no allowed address; or it broke."""
    STATUS = "status"
    """Fallback: the endpoint's answer is not 2xx."""
    TOO_LARGE = "too_large"
    """Fallback: its answer is over 1 MiB."""
    UNREADABLE = "unreadable"
    """Fallback: its answer is not ``{"links": {...}}``."""
    FAILED = "failed"
    """Fallback: the function raised an exception."""
    STOPPING = "stopping"
    """Fallback: the receiver ends."""

    @property
    def is_fallback(self) -> bool:
        """Whether it says why the swapper's answer is missing."""
        return self not in {LinkSwapReason.ANSWERED, LinkSwapReason.REPEATED, LinkSwapReason.NO_LINKS}

    @property
    def outcomes(self) -> frozenset[LinkSwapOutcome]:
        """What SalesLoft can be told for it."""
        if self.is_fallback:
            return frozenset({LinkSwapOutcome.IDENTITY, LinkSwapOutcome.EMPTY, LinkSwapOutcome.ERROR})
        if self is LinkSwapReason.NO_LINKS:
            return frozenset({LinkSwapOutcome.IDENTITY})
        swapped = frozenset({LinkSwapOutcome.SWAPPED, LinkSwapOutcome.PARTIAL, LinkSwapOutcome.IDENTITY})
        return swapped | {LinkSwapOutcome.EMPTY} if self is LinkSwapReason.REPEATED else swapped


class LinkOutcome(StrEnum):
    """What became of one link of an answer."""

    SWAPPED = "swapped"
    """It leads elsewhere."""
    UNCHANGED = "unchanged"
    """The swapper left it, or does not know it."""
    REFUSED = "refused"
    """What the swapper gives for it is no web link, too long, or leads to a host that is not allowed."""


LINK_SWAPS = counter(
    LINK_SWAP,
    "link_swap_total",
    "Link swaps answered, by what SalesLoft was told and where that comes from.",
    "outcome",
    "reason",
)
LINK_SWAP_SECONDS = histogram(
    LINK_SWAP,
    "link_swap_seconds",
    "Time from a link swap's request to its answer: a mail waits for it.",
    buckets=CALL_SECONDS,
)
LINKS = counter(
    LINK_SWAP,
    "link_swap_links_total",
    "Links of the swapper's answers, by what became of them.",
    "outcome",
)
LEFT_OUT = counter(
    LINK_SWAP,
    "link_swap_events_left_out_total",
    "`link_swap.answered` that were not published: the store was away, or too many were under way.",
    unshown="judging how complete statistics by `link_swap.answered` are",
)


class LinkSwapTelemetry:
    """The verbs of answering link swaps."""

    def __init__(self) -> None:
        expose(LINK_SWAP)
        self._log = get_logger("link_swap")
        self._throttle = Throttle()
        self._seconds = LINK_SWAP_SECONDS.labels()
        # There from the start: Prometheus sees no increase in a series that begins with its first failure.
        for reason in LinkSwapReason:
            for outcome in reason.outcomes:
                LINK_SWAPS.labels(outcome, reason)
        for became in LinkOutcome:
            LINKS.labels(became)

    def answered(self, outcome: LinkSwapOutcome, reason: LinkSwapReason, seconds: float) -> None:
        """A link swap is answered."""
        LINK_SWAPS.labels(outcome, reason).inc()
        self._seconds.observe(seconds)
        if reason.is_fallback and (suppressed := self._throttle.suppressed(outcome, reason)) is not None:
            self._log.warning("link_swap.fallback", outcome=outcome, reason=reason, suppressed=suppressed)

    def failed(self, error: str) -> None:
        """An exception of that type stands where links should be."""
        if (suppressed := self._throttle.suppressed("failed")) is not None:
            self._log.warning("link_swap.failed", error=error, suppressed=suppressed)

    def links(self, *, swapped: int, unchanged: int, refused: int) -> None:
        """What became of the links of one answer of the swapper."""
        counts = {LinkOutcome.SWAPPED: swapped, LinkOutcome.UNCHANGED: unchanged, LinkOutcome.REFUSED: refused}
        for outcome, count in counts.items():
            LINKS.labels(outcome).inc(count)

    def event_left_out(self) -> None:
        """An event about an answer is not published."""
        LEFT_OUT.inc()
        if (suppressed := self._throttle.suppressed("event")) is not None:
            self._log.warning("link_swap.event_left_out", suppressed=suppressed)

    def circuit(self, *, opened: bool) -> None:
        """The swapper is left alone from now on, or works again."""
        if opened:
            self._log.warning("link_swap.circuit_opened")
        else:
            self._log.info("link_swap.circuit_closed")
