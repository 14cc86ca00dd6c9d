"""What an event costs, counted instead of timed, against what is written down in `bench/work_counts.json`.

A count that rises means that every event does more: find out why. One that falls is good news, and is written down
with ``make counts``, so that it cannot rise again unseen. The receiver's must be written down; the worker's may be
lower, for it depends on the machine's speed how many events one of its calls finds.
"""

from collections.abc import Iterator

import pytest
from bench import work_counts
from bench.work_counts import EVENTS, PYTHON, Counts

from tests.support.servers import Server, engines

SUBJECTS = ("receiver", "worker", "idle worker")
WRITTEN = work_counts.written()
CALLS_SLACK = EVENTS * 3 // 4
"""Of the receiver. Less than a call an event: one call more for each is seen."""
SHARE = 0.01
"""Of the receiver's commands, scripts and bytes, which are the same in each run."""
BATCH_SHARE = 0.4
"""Of a worker's scripts and round trips, one a batch: 68 and 78 were seen for the same thousand events."""
EVENT_SHARE = 0.05
"""Of a worker's commands, bytes and calls, to which a batch adds a little."""
FEW = 3
"""Scripts or round trips of a timer, which fell into the count or did not."""
IDLE_SHARE = 0.35
"""Of an idle worker: its timers run two to ten times meanwhile, once more or less."""


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Counts]]:
    """Everything counted once, on a server of its own."""
    server = Server(engines()["valkey"], tmp_path_factory.mktemp("server")).start()
    yield work_counts.count_all(server)
    server.stop()


def allowed(subject: str, name: str, expected: int) -> float:
    """How far a count may be above what is written down."""
    if subject == "idle worker":
        return max(FEW, expected * IDLE_SHARE)
    if subject == "worker":
        return expected * (BATCH_SHARE if name in {"scripts", "round trips"} else EVENT_SHARE)
    return CALLS_SLACK if name == "calls" else max(FEW, expected * SHARE)


def compare(subject: str, found: Counts, expected: Counts) -> list[str]:
    """One line for each count that is too far from what is written down."""
    above = {name: found[name] - count for name, count in expected.items()}
    return [
        f"{subject}: {found[name]} {name} for {EVENTS} events, {count} are written down"
        for name, count in expected.items()
        if (abs(above[name]) if subject == "receiver" else above[name]) > allowed(subject, name, count)
    ]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_server_has_as_much_to_do_as_is_written_down(counts: dict[str, Counts], subject: str) -> None:
    """Commands, script calls, round trips and bytes of a thousand events, or of an idle worker in five seconds."""
    assert compare(subject, counts[subject], WRITTEN.server[subject]) == [], "see `make counts`"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_python_makes_as_many_calls_as_are_written_down(counts: dict[str, Counts], subject: str) -> None:
    """Calls of functions, of Python's and of C's, for a thousand events, or of an idle worker in five seconds."""
    if PYTHON not in WRITTEN.calls:
        pytest.skip(f"the calls of Python {PYTHON} are not written down: they differ from those of other versions")

    assert compare(subject, counts[subject], {"calls": WRITTEN.calls[PYTHON][subject]}) == [], "see `make counts`"
