"""The histogram of our own, beside that of the client."""

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client import Histogram as ClientsHistogram
from prometheus_client.exposition import generate_latest

from salesloft_webhooks.telemetry.histogram import Histogram

BUCKETS = (0.001, 0.1, 1, 2.5, 300)


def test_the_page_is_that_of_the_clients_histogram() -> None:
    """The same observations, on a bound, between bounds, above and below all of them, make the same bytes."""
    ours, clients = CollectorRegistry(), CollectorRegistry()
    histogram = Histogram("a_seconds", "How long.", ("group", "type"), registry=ours, buckets=BUCKETS)
    same = ClientsHistogram("a_seconds", "How long.", ("group", "type"), registry=clients, buckets=BUCKETS)
    for each in (histogram, same):
        each.labels("crm", "never")
        for value in (0.0, 0.001, 0.0011, 0.1, 0.7, 1, 2.5, 299.0, 300.1, 4_000, -1.0):
            each.labels("crm", 'per"son').observe(value)

    assert generate_latest(ours) == generate_latest(clients)


def test_a_time_series_is_made_once() -> None:
    """Whoever asks for the same label values observes the same time series."""
    histogram = Histogram("b_seconds", "How long.", ("group",), registry=CollectorRegistry(), buckets=BUCKETS)

    assert histogram.labels("crm") is histogram.labels("crm")


def test_label_values_are_counted() -> None:
    """As many values as there are labels, else it is a mistake."""
    histogram = Histogram("c_seconds", "How long.", ("group",), registry=CollectorRegistry(), buckets=BUCKETS)

    with pytest.raises(ValueError, match="has the labels"):
        histogram.labels("crm", "person")


def test_a_name_is_defined_once() -> None:
    """A second metric of the same name is refused by the registry, as for all others."""
    registry = CollectorRegistry()
    Histogram("d_seconds", "How long.", ("group",), registry=registry, buckets=BUCKETS)

    with pytest.raises(ValueError, match="Duplicated timeseries"):
        Histogram("d_seconds", "How long.", ("group",), registry=registry, buckets=BUCKETS)
