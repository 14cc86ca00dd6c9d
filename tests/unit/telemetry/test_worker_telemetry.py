"""What a worker reports beside its attempts."""

from salesloft_webhooks.telemetry import WorkerTelemetry
from tests.unit.telemetry.conftest import Sample


def test_a_blocked_loop_is_counted(sample: Sample, name: str) -> None:
    """Each time that a handler blocks the event loop is counted for its group."""
    telemetry = WorkerTelemetry(name)

    telemetry.loop_blocked("handle", where="handlers.py:7")

    assert sample("loop_blocked_total", group=name) == 1


def test_calls_are_measured(sample: Sample, name: str) -> None:
    """What a worker takes and settles becomes what the verbs say."""
    telemetry = WorkerTelemetry(name)

    telemetry.taken(entries=5, skipped=2, seconds=0.001)
    telemetry.settled(outcomes=4, seconds=0.001)
    telemetry.in_flight(lambda: 3)

    assert sample("entries_taken_total", group=name) == 5
    assert sample("entries_skipped_total", group=name) == 2
    assert sample("settle_batch_outcomes_sum", group=name) == 4
    assert sample("attempts_in_flight", group=name) == 3
