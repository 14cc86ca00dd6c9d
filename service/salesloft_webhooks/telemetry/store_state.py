"""Whether a process can use Redis: a gauge, and a log line at each change."""

from salesloft_webhooks.telemetry import metrics
from salesloft_webhooks.telemetry.logs import Logger


class StoreState:
    """The availability of the store as one role of this process sees it."""

    def __init__(self, role: str, log: Logger) -> None:
        self._gauge = metrics.STORE_AVAILABLE.labels(role)
        self._log = log
        self._available: bool | None = None

    def set(self, *, available: bool) -> None:
        """Tell the current state; cheap enough to be told every second."""
        self._gauge.set(available)
        if available == self._available:
            return
        if not available:
            self._log.error("store.unavailable")
        elif self._available is not None:
            self._log.info("store.available")
        self._available = available
