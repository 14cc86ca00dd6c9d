"""What an event costs, counted instead of timed, against what is written down in `bench/work_counts.json`.

A count that rises means that every event does more: find out why. One that falls is good news, and is written down
with ``make counts``, so that it cannot rise again unseen; but an idle worker may do less than is written down.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from bench import work_counts
from bench.counted import ALLOCATED, INSTRUCTIONS
from bench.counted_roles import allocator
from bench.work_counts import EVENTS, PYTHON, Counts

from tests.support.rules_and_dashboards import ROOT
from tests.support.servers import Server, engines

pytestmark = pytest.mark.timeout(240)  # on such a machine
SUBJECTS = ("receiver", "worker", "idle worker")
WRITTEN = work_counts.written()
SHARE = 0.01
"""Of the server's counts of a receiver or a worker, which are the same in each run but for a timer."""
WORKER_BYTES = 0.03
"""The name of a worker's machine is in each of its calls."""
FEW = {"receiver": 3, "worker": 6, "idle worker": 2}
"""Scripts or round trips of a timer, which fell into the count or did not; a worker's counts are those of a part."""
OF_RECEIVER = {INSTRUCTIONS: EVENTS * 3 // 4, ALLOCATED: EVENTS * 256}
"""Of an event, less than an instruction: one more is seen."""
OF_WORKER = {INSTRUCTIONS: 0.02, ALLOCATED: 0.04}
"""0.8 and 1.6 % were the spread of runs with six processes for each core, by the beats of a worker (decision 94)."""
IDLE_SHARE = 0.15
"""Of an idle worker: its timers run twenty to fifty times meanwhile, a few times more or less."""
PATCH_SHARE = 0.02
"""Of what another patch of the same Python does, which has other modules of its own."""


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Counts]]:
    """Everything counted once, on servers of its own."""
    with ExitStack() as stack:
        servers = [Server(engines()["valkey"], tmp_path_factory.mktemp(name)) for name in ("worker", "others")]
        for server in servers:
            stack.callback(server.start().stop)
        yield work_counts.count_all(*servers)


def allowed(subject: str, name: str, expected: int) -> float:
    """How far a count may be from what is written down."""
    if subject == "receiver" and name in OF_RECEIVER:
        return OF_RECEIVER[name]
    if subject == "worker" and name in OF_WORKER:
        return expected * OF_WORKER[name]
    share = (
        IDLE_SHARE if subject == "idle worker" else WORKER_BYTES if (subject, name) == ("worker", "bytes") else SHARE
    )
    return max(FEW[subject], expected * share)


def compare(subject: str, found: Counts, expected: Counts, share: float = 0) -> list[str]:
    """One line for each count that is too far from what is written down, or farther than by ``share``."""
    above = {name: found[name] - count for name, count in expected.items()}
    return [
        f"{subject}: {found[name]} {name} for {EVENTS} events, {count} are written down"
        for name, count in expected.items()
        if (above[name] if subject == "idle worker" else abs(above[name]))
        > max(allowed(subject, name, count), share * count)
    ]


def written_of_python(subject: str, name: str) -> tuple[Counts, float]:
    """What is written down for this version of Python, and how far another patch of it may be from that."""
    if (found := WRITTEN.of_python(PYTHON)) is None:
        pytest.skip(f"nothing is written down for Python {PYTHON}, which differs from other versions")
    version, python = found
    return {name: python[subject][name]}, 0 if version == PYTHON else PATCH_SHARE


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_server_has_as_much_to_do_as_is_written_down(counts: dict[str, Counts], subject: str) -> None:
    """Commands, script calls, round trips and bytes of a thousand events, or of an idle worker in five seconds."""
    assert compare(subject, counts[subject], WRITTEN.server[subject]) == [], "see `make counts`"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_python_carries_out_as_many_instructions_as_are_written_down(counts: dict[str, Counts], subject: str) -> None:
    """Instructions of Python's bytecode for a thousand events, or of an idle worker in five seconds."""
    expected, share = written_of_python(subject, INSTRUCTIONS)

    assert compare(subject, counts[subject], expected, share) == [], "see `make counts`"


@pytest.mark.skipif(allocator() is None, reason="no jemalloc (libjemalloc2), which counts what is allocated")
@pytest.mark.parametrize("subject", ["receiver", "worker"])
def test_as_much_is_allocated_as_is_written_down(counts: dict[str, Counts], subject: str) -> None:
    """Bytes that Python and its libraries in C allocate for a thousand events, those freed again included."""
    expected, share = written_of_python(subject, ALLOCATED)

    assert compare(subject, counts[subject], expected, share) == [], "see `make counts`"


COUNTED = """
import threading
from bench import counted

def work(rounds):
    for _ in range(rounds):
        pass

async def waits(rounds):
    work(rounds)

def cost(call):
    before = counted.counted()
    call()
    return counted.counted() - before

def of(rounds):
    def step():
        work(rounds)
    def steps():
        try:
            waits(rounds).send(None)
        except StopIteration:
            pass
    def in_thread():
        thread = threading.Thread(target=work, args=(rounds,))
        thread.start()
        thread.join()
    return [cost(step), cost(steps), cost(in_thread)]

counted.begin()
of(1)
print([[few, many] for few, many in zip(of(10), of(30))])
"""


def test_a_loop_is_counted_each_time_round() -> None:
    """Twenty rounds more of an empty loop are so many instructions more: in a function, a coroutine and a thread."""
    command = [sys.executable, "-c", COUNTED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)

    pairs: list[list[int]] = json.loads(done.stdout)
    assert [many - few for few, many in pairs] == [pairs[0][1] - pairs[0][0]] * 3
    assert pairs[0][1] - pairs[0][0] >= 20 * 2
