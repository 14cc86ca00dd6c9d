"""The summary's figures are right, and stay small however long a run takes."""

import pytest

from salesloft_webhooks.cli.simulator_runs import show_summary
from salesloft_webhooks.cli.tables import WIDTH
from salesloft_webhooks.simulator import Kind, Tally
from salesloft_webhooks.simulator.tally import MOST_ANSWERS, OTHER, Latencies


def test_percentiles_are_right_to_one_percent() -> None:
    """Of 1 to 1000 ms, 50 % did not exceed 500 ms and 99 % not 990 ms; the maximum is exact."""
    latencies = Latencies()
    for milliseconds in range(1, 1001):
        latencies.add(milliseconds / 1000)

    assert latencies.percentile(50) == pytest.approx(0.5, rel=0.011)
    assert latencies.percentile(99) == pytest.approx(0.99, rel=0.011)
    assert latencies.percentile(100) == latencies.max_seconds == 1.0


def test_without_answers_there_are_no_percentiles() -> None:
    """Nothing measured is shown as zero, not as an error."""
    assert Latencies().percentile(50) == 0.0


def test_one_slow_answer_is_not_lost() -> None:
    """A single outlier decides the highest percentile and not the median."""
    latencies = Latencies()
    for seconds in [0.001] * 99 + [5.0]:
        latencies.add(seconds)

    assert latencies.percentile(50) == pytest.approx(0.001, rel=0.011)
    assert latencies.percentile(99.5) == 5.0


def test_answers_of_endless_variety_take_bounded_memory() -> None:
    """A server that answers something else each time fills one line, not the memory."""
    tally = Tally()

    for number in range(1000):
        tally.add(Kind.GENUINE, 500, f"error {number}", 0.001)

    assert len(tally.answers) == MOST_ANSWERS + 1
    assert sum(count for answer, count in tally.answers.items() if answer.body == OTHER) == 1000 - MOST_ANSWERS


def test_failures_are_no_answers() -> None:
    """An attempt without an answer neither counts as reached nor spoils the latencies."""
    tally = Tally()

    tally.add(Kind.GENUINE, None, "no answer in time", 15.0)

    assert not tally.reached
    assert tally.latencies.percentile(50) == 0.0


def test_a_long_answer_is_cut_to_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    """A proxy's page of HTML leaves room for the counts, within 100 columns."""
    tally = Tally()
    tally.add(Kind.GENUINE, 502, "x" * 200, 0.001)

    show_summary(tally)

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert lines[1].split()[-1] == "1"
