"""What the receiver reports beside its deliveries."""

from salesloft_webhooks.telemetry import ReceiverTelemetry
from tests.unit.telemetry.conftest import Sample


def test_group_commits_and_the_state_of_the_store_are_measured(sample: Sample) -> None:
    """Batch size and time of a commit, availability and durability become what the verbs say."""
    telemetry = ReceiverTelemetry()
    before = sample("publish_batch_deliveries_sum") or 0

    telemetry.published(deliveries=7, seconds=0.002)
    telemetry.store_unavailable("AuthenticationError")
    telemetry.durability_examined(["appendonly no"])

    assert sample("publish_batch_deliveries_sum") == before + 7
    assert sample("store_available", role="receiver") == 0
    assert sample("durability_degraded") == 1


def test_a_source_without_a_delivery_shows_as_zero(sample: Sample, name: str) -> None:
    """A configured source has its counters from the start: silence is a zero, not an absence."""
    ReceiverTelemetry([name])

    assert sample("deliveries_total", source=name, outcome="stored") == 0
