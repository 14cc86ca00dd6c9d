"""What is reported of a delivery becomes metrics."""

import asyncio
import time
from collections.abc import Callable

import pytest

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.dialects.names import KNOWN_EVENT_TYPES
from salesloft_webhooks.errors import (
    NotDurable,
    RejectionReason,
    StoreError,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    UnreadableReason,
)
from salesloft_webhooks.telemetry import DeliverySpan, ReceiverTelemetry, render_metrics
from salesloft_webhooks.telemetry.scraping import samples
from tests.unit.telemetry.conftest import Sample

VERDICTS: dict[DeliveryOutcome, Callable[[DeliverySpan], object]] = {
    DeliveryOutcome.STORED: lambda span: span.stored("person.updated", duplicate=False),
    DeliveryOutcome.DUPLICATE: lambda span: span.stored("person.updated", duplicate=True),
    DeliveryOutcome.LINK_SWAP: lambda span: span.link_swap(DeliveryOutcome.LINK_SWAP),
    DeliveryOutcome.NOT_SWAPPED: lambda span: span.link_swap(DeliveryOutcome.NOT_SWAPPED),
    DeliveryOutcome.REJECTED: lambda span: span.rejected(RejectionReason.MISMATCH),
    DeliveryOutcome.UNREADABLE: lambda span: span.unreadable(UnreadableReason.NOT_JSON),
    DeliveryOutcome.TOO_LARGE: lambda span: span.refused(DeliveryOutcome.TOO_LARGE),
    DeliveryOutcome.TOO_SLOW: lambda span: span.refused(DeliveryOutcome.TOO_SLOW),
    DeliveryOutcome.OVERLOADED: lambda span: span.refused(DeliveryOutcome.OVERLOADED),
    DeliveryOutcome.DISCONNECTED: lambda span: span.refused(DeliveryOutcome.DISCONNECTED),
    DeliveryOutcome.STORE_UNAVAILABLE: lambda span: span.store_failed(StoreUnavailable()),
    DeliveryOutcome.STORE_FULL: lambda span: span.store_failed(StoreFull()),
    DeliveryOutcome.STORE_REFUSED: lambda span: span.store_failed(StoreRefused("WRONGTYPE")),
    DeliveryOutcome.NOT_DURABLE: lambda span: span.store_failed(NotDurable()),
    DeliveryOutcome.ERROR: lambda _: None,
}


@pytest.mark.parametrize("outcome", DeliveryOutcome)
def test_each_verdict_counts_one_delivery_and_its_time(outcome: DeliveryOutcome, sample: Sample, name: str) -> None:
    """A delivery is counted and timed once, under the outcome of its verdict and no other."""
    with ReceiverTelemetry().delivery(name, []) as span:
        VERDICTS[outcome](span)

    counted = {each: sample("deliveries_total", source=name, outcome=each) for each in DeliveryOutcome}
    assert counted == {each: float(each is outcome) for each in DeliveryOutcome}
    assert sample("delivery_duration_seconds_count", source=name, outcome=outcome) == 1


def test_reasons_are_counted_beside_the_outcome(sample: Sample, name: str) -> None:
    """A refused or unreadable delivery also counts under its reason."""
    telemetry = ReceiverTelemetry()

    with telemetry.delivery(name, []) as span:
        span.rejected(RejectionReason.EXPIRED)
    with telemetry.delivery(name, []) as span:
        span.unreadable(UnreadableReason.MISSING_FIELD)

    assert sample("signature_failures_total", source=name, reason="expired") == 1
    assert sample("unreadable_total", source=name, reason="missing_field") == 1


def test_every_outcome_and_reason_starts_at_zero(sample: Sample, name: str) -> None:
    """The first delivery of a source creates all its counters, so that the first failure is an increase."""
    with ReceiverTelemetry().delivery(name, []) as span:
        span.stored("person.updated", duplicate=False)

    assert {sample("signature_failures_total", source=name, reason=reason) for reason in RejectionReason} == {0.0}
    assert {sample("unreadable_total", source=name, reason=reason) for reason in UnreadableReason} == {0.0}


def test_the_matching_key_is_counted_by_its_position(sample: Sample, name: str) -> None:
    """Which key verified a delivery is visible, without its value."""
    with ReceiverTelemetry().delivery(name, []) as span:
        span.verified(dialect="envelope", key_index=1)
        span.stored("person.updated", duplicate=False)

    assert sample("signature_matches_total", source=name, dialect="envelope", key="1") == 1


def test_a_duplicate_is_a_sign_of_life_but_no_stored_event(sample: Sample, name: str) -> None:
    """A duplicate moves the last delivery time and leaves the count of stored events alone."""
    before = time.time()

    with ReceiverTelemetry().delivery(name, []) as span:
        span.stored("person.updated", duplicate=True)

    assert (sample("last_delivery_timestamp_seconds", source=name, event_type="person.updated") or 0) >= before
    assert sample("events_stored_total", source=name, event_type="person.updated") == 0


def test_invented_event_types_make_no_time_series(sample: Sample, name: str) -> None:
    """A sender that invents a type per delivery adds one time series in all, labelled `other`."""
    telemetry = ReceiverTelemetry()

    for number in range(1_000):
        with telemetry.delivery(name, []) as span:
            span.stored(f"invented.{number}", duplicate=False)

    page = render_metrics()[0].decode()
    stored = [labels for metric, labels, _ in samples(page) if metric == "events_stored_total"]
    assert [labels["event_type"] for labels in stored if labels["source"] == name] == ["other"]
    assert sample("events_stored_total", source=name, event_type="other") == 1_000
    assert "invented.1" not in page


def test_known_event_types_keep_their_name(sample: Sample, name: str) -> None:
    """Each event type that SalesLoft or a derivation can produce is a label of its own."""
    telemetry = ReceiverTelemetry()

    for event_type in KNOWN_EVENT_TYPES:
        with telemetry.delivery(name, []) as span:
            span.stored(event_type, duplicate=False)

    assert {sample("events_stored_total", source=name, event_type=each) for each in KNOWN_EVENT_TYPES} == {1.0}


@pytest.mark.parametrize(
    ("raised", "outcome"),
    [
        pytest.param(asyncio.CancelledError(), DeliveryOutcome.DISCONNECTED, id="cancelled"),
        pytest.param(RuntimeError("a defect"), DeliveryOutcome.ERROR, id="defect"),
    ],
)
def test_a_delivery_that_ends_by_exception_is_counted(
    raised: BaseException, outcome: DeliveryOutcome, sample: Sample, name: str
) -> None:
    """Without a verdict a cancelled delivery counts as disconnected and a crashed one as an error; both propagate."""
    telemetry = ReceiverTelemetry()

    with pytest.raises(type(raised)), telemetry.delivery(name, []):
        raise raised

    assert sample("deliveries_total", source=name, outcome=outcome) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (StoreFull(), DeliveryOutcome.STORE_FULL),
        (NotDurable(), DeliveryOutcome.NOT_DURABLE),
        (StoreUnavailable(), DeliveryOutcome.STORE_UNAVAILABLE),
        (StoreError(), DeliveryOutcome.STORE_UNAVAILABLE),
    ],
    ids=["full", "not-durable", "unavailable", "any-other"],
)
def test_store_errors_have_outcomes_of_their_own(error: StoreError, outcome: DeliveryOutcome) -> None:
    """An on-call person sees which way the store failed."""
    assert DeliveryOutcome.of_store(error) is outcome
