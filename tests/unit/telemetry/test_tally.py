"""Counters and gauges of our own, beside those of the client."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import generate_latest

from salesloft_webhooks.telemetry.tally import Tally


def test_a_counters_page_is_that_of_the_clients() -> None:
    """The same increments make the same bytes, for a time series that nothing has changed as well."""
    ours, clients = CollectorRegistry(), CollectorRegistry()
    tally = Tally("a", "How many.", ("group", "type"), registry=ours, family=CounterMetricFamily)
    same = Counter("a", "How many.", ("group", "type"), registry=clients)
    for each in (tally, same):
        each.labels("crm", "never")
        each.labels("crm", 'per"son').inc()
        each.labels("crm", 'per"son').inc()

    # The client's counters have a second time series each, which `telemetry.metrics` switches off.
    expected = [line for line in generate_latest(clients).splitlines() if b"a_created" not in line]
    assert generate_latest(ours).splitlines() == expected


def test_a_gauges_page_is_that_of_the_clients() -> None:
    """The same value makes the same bytes."""
    ours, clients = CollectorRegistry(), CollectorRegistry()
    Tally("a_seconds", "When.", ("group",), registry=ours, family=GaugeMetricFamily).labels("crm").value = 1764374400.5
    Gauge("a_seconds", "When.", ("group",), registry=clients).labels("crm").set(1764374400.5)

    assert generate_latest(ours) == generate_latest(clients)


def test_a_time_series_is_made_once() -> None:
    """Whoever asks for the same label values changes the same time series."""
    tally = Tally("b", "How many.", ("group",), registry=CollectorRegistry(), family=CounterMetricFamily)

    assert tally.labels("crm") is tally.labels("crm")


def test_label_values_are_counted() -> None:
    """As many values as there are labels, else it is a mistake."""
    tally = Tally("c", "How many.", ("group",), registry=CollectorRegistry(), family=CounterMetricFamily)

    with pytest.raises(ValueError, match="has the labels"):
        tally.labels("crm", "person")


def test_a_name_is_defined_once() -> None:
    """A second metric of the same name is refused by the registry, as for all others."""
    registry = CollectorRegistry()
    Tally("d", "How many.", ("group",), registry=registry, family=CounterMetricFamily)

    with pytest.raises(ValueError, match="Duplicated timeseries"):
        Tally("d", "How many.", ("group",), registry=registry, family=CounterMetricFamily)
