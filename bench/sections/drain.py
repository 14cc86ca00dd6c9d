"""How fast a worker drains with more and more behind: events, groups, and retries that wait for their time."""

from tests.support.servers import Server, free_port

from bench import filling, workers
from bench.figures import Figure
from bench.machine import CORES, poll
from bench.options import Options
from bench.programs import running, store
from bench.slices import Measured, Slice, Stage

SAMPLE = 20_000
"""Events of the backlog that are worked off to measure the rate."""
DEPTHS = (10_000, 1_000_000)
DEEPEST = 5_000_000
GROUPS = (1, 4, 8)
RETRIES = 200_000
LONG = 600.0


def run(options: Options) -> list[Figure]:
    """Measure each once: the rate counts, and the depth is what takes the time."""
    stage = Stage("drain", 1, 0)
    depths = (*DEPTHS, DEEPEST) if options.deep else DEPTHS
    contenders = {f"{depth:,} behind": _behind(max(10_000, round(depth * options.scale))) for depth in depths}
    contenders |= {f"{groups} groups": _groups(groups) for groups in GROUPS}
    contenders[f"{RETRIES:,} retries"] = _retries(max(1_000, round(RETRIES * options.scale)))
    stage.interleave(contenders)
    return stage.figures


def _behind(depth: int) -> Slice:
    """So many events wait, of which the first ones are worked off."""

    def measure(number: int) -> Measured:
        with store(CORES.store) as server:
            filling.fill(server.url, depth, run=number)
            return _rate(server, "bench", depth, min(depth, SAMPLE))

    return measure


def _groups(groups: int) -> Slice:
    """The last of so many groups works off what all others have finished."""

    def measure(number: int) -> Measured:
        with store(CORES.store) as server:
            filling.fill(server.url, SAMPLE, run=number)
            measured: Measured = {}
            for group in range(groups):
                measured = _rate(server, f"bench-{group}", SAMPLE, SAMPLE)
            return measured

    return measure


def _retries(retries: int) -> Slice:
    """So many entries wait for their retry, an hour away, while others are worked off."""

    def measure(number: int) -> Measured:
        with store(CORES.store) as server:
            filling.fill(server.url, retries, run=number)
            _rate(server, "bench", retries, retries, {"BENCH_RETRY_AFTER": "3600"})
            filling.fill(server.url, SAMPLE, run=number + 1)
            return _rate(server, "bench", SAMPLE, SAMPLE)

    return measure


def _rate(server: Server, group: str, waiting: int, sample: int, more: dict[str, str] | None = None) -> Measured:
    """Let a worker of the group handle ``sample`` of ``waiting`` events; how many a second."""
    worker = workers.ours()
    environment = {**worker.environment, "WORKER_GROUP": group, "OPS_PORT": str(free_port()), **(more or {})}
    stored = server.client()
    with stored, running(worker.command, CORES.measured, environment | {"REDIS_URL": server.url}) as program:
        target = int(stored.xlen(workers.STREAM)) - waiting
        began = poll(
            lambda: program.alive() and workers.taken(stored, group) > target, seconds=LONG, what="the worker has begun"
        )
        first = workers.taken(stored, group)
        cpu = program.cpu
        ended = poll(lambda: workers.taken(stored, group) >= target + sample, seconds=LONG, what="the sample is taken")
        handled = workers.taken(stored, group) - first
        return {"per second": handled / (ended - began), "cpu us": (program.cpu - cpu) / handled * 1e6}
