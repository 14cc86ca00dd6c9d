"""What deliveries and attempts hold while tracing is off, and then nothing of OpenTelemetry is even loaded."""

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.telemetry.labels import AttemptOutcome


class UntracedDelivery:
    """What a delivery holds while tracing is off: the same verbs, no effect."""

    def start(self) -> None:
        """Nothing."""

    def publish(self) -> str:
        """No context."""
        return ""

    def annotate(self, name: str, value: str) -> None:
        """Nothing."""

    def end(self, outcome: DeliveryOutcome, error: BaseException | None) -> None:
        """Nothing."""


class UntracedAttempt:
    """What an attempt holds while tracing is off: the same verbs, no effect."""

    trace_id = ""

    def start(self) -> None:
        """Nothing."""

    def failed(self, error: BaseException) -> None:
        """Nothing."""

    def end(self, outcome: AttemptOutcome, error: BaseException | None) -> None:
        """Nothing."""


UNTRACED_DELIVERY = UntracedDelivery()
UNTRACED_ATTEMPT = UntracedAttempt()
