"""A chart that the server draws: axes that people can read, gaps where nobody looked."""

import pytest

from salesloft_webhooks.console.charts import chart, rounded_up


@pytest.mark.parametrize(
    ("value", "edge"), [(0, 0), (0.4, 1), (1, 1), (3, 5), (7, 10), (10, 10), (11, 20), (499, 500), (501, 1_000)]
)
def test_the_upper_edge_is_a_number_that_people_read(value: float, edge: int) -> None:
    """The next 1, 2 or 5 with zeros behind it."""
    assert rounded_up(value) == edge


def test_where_nobody_looked_there_is_no_line() -> None:
    """Two samples that are more than a minute apart are not joined; time is to scale, the latest at the right edge."""
    drawn = chart([(0, 0), (15_000, 3), (30_000, 7), (200_000, 1)], 1_800)

    assert drawn.lines == ("640.0,140.0 646.0,98.0 652.0,42.0", "720.0,126.0")
    assert drawn.most == 10
    assert len(drawn.areas) == 2


def test_what_is_older_than_the_width_is_left_out() -> None:
    """And of nothing, nothing is drawn."""
    assert chart([(0, 900), (1_800_001, 3)], 1_800).most == 5
    assert chart([], 1_800).lines == ()
