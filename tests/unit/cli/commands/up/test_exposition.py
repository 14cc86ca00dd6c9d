"""Totals come from the pages of several processes, and survive their restarts."""

import pytest

from salesloft_webhooks.cli.commands.up.exposition import Meter, Totals

PAGE = """\
# HELP salesloft_webhooks_deliveries_total Deliveries answered, by outcome.
# TYPE salesloft_webhooks_deliveries_total counter
salesloft_webhooks_deliveries_total{{outcome="stored",source="a \\"b\\", c"}} {stored}
salesloft_webhooks_deliveries_total{{outcome="rejected",source="d"}} 2.0
salesloft_webhooks_store_available 1.0
python_info{{version="3.11"}} 1.0
"""


def totals(*pages: tuple[str, str], at: float = 0.0) -> Totals:
    """The totals of several processes' pages."""
    meter = Meter()
    for process, page in pages:
        meter.read(process, page)
    return meter.totals(at)


def test_labels_choose_what_is_added() -> None:
    """A total adds every series that carries the labels; strange characters in labels do no harm."""
    found = totals(("receiver", PAGE.format(stored="5.0")))

    assert found.total("deliveries_total") == 7
    assert found.total("deliveries_total", outcome="stored") == 5
    assert found.by("outcome", "deliveries_total") == {"stored": 5, "rejected": 2}
    assert found.total("info") == 0


def test_processes_are_added() -> None:
    """The same series of two processes are one sum."""
    found = totals(("a", PAGE.format(stored="5.0")), ("b", PAGE.format(stored="6.0")))

    assert found.total("deliveries_total", outcome="stored") == 11


def test_a_restarted_process_goes_on_counting() -> None:
    """A counter that falls began again at zero: what it had counted before still counts."""
    pages = [PAGE.format(stored=number) for number in ("5.0", "1.0", "4.0")]

    assert totals(*(("a", page) for page in pages)).total("deliveries_total", outcome="stored") == 9


def test_a_gauge_may_fall() -> None:
    """What is no counter is simply what it is now."""
    pages = ["salesloft_webhooks_group_lag_entries 9.0", "salesloft_webhooks_group_lag_entries 4.0"]

    assert totals(*(("a", page) for page in pages)).total("group_lag_entries") == 4


def histogram(*counts: tuple[str, float]) -> Totals:
    """The totals of a page with one histogram of the given buckets."""
    lines = (f'salesloft_webhooks_x_seconds_bucket{{le="{limit}"}} {count}' for limit, count in counts)
    return totals(("a", "\n".join(lines)))


@pytest.mark.parametrize(
    ("share", "seconds"),
    [(0.05, 0.05), (0.5, 0.55), (0.9, 1.0), (0.95, 1.0)],
    ids=["first", "middle", "edge", "beyond"],
)
def test_quantiles_lie_within_their_bucket(share: float, seconds: float) -> None:
    """Within a bucket in proportion; beyond the last limit, that limit."""
    found = histogram(("0.1", 10), ("1.0", 90), ("+Inf", 100))

    assert found.quantile(share, "x_seconds") == pytest.approx(seconds)


def test_without_observations_there_is_no_quantile() -> None:
    """Neither a missing histogram nor an empty one yields a number."""
    assert histogram(("0.1", 0), ("+Inf", 0)).quantile(0.5, "x_seconds") is None
    assert histogram().quantile(0.5, "x_seconds") is None


def test_recent_is_the_difference() -> None:
    """Rates are made of what was added between two moments, new series included."""
    meter = Meter()
    meter.read("a", "salesloft_webhooks_x_total 5.0")
    then = meter.totals(100.0)
    meter.read("a", 'salesloft_webhooks_x_total 8.0\nsalesloft_webhooks_y_total{k="v"} 2.0')

    recent = meter.totals(110.0).since(then)

    assert (recent.at, recent.total("x_total"), recent.total("y_total")) == (10.0, 3.0, 2.0)
