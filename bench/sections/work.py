"""Events a second through one worker process on one core with a handler that does nothing, beside what else could."""

import time

from tests.support.servers import Server

from bench import workers
from bench.machine import CORES, poll
from bench.options import Options
from bench.programs import answers, running, store
from bench.scaling import prepare
from bench.slices import Measured, Slice, Stage

HANDLER_SECONDS = 0.02
CONCURRENCY = 100
COUNTS = {"raw XREADGROUP loop": 60_000, "BullMQ": 20_000}
OURS, OTHERS = 20_000, 4_000
BUSY_SHARE = 0.85
"""Of the section's time; the rest is for workers that have nothing to do."""
SETTLE_SECONDS, IDLE_SECONDS = 5.0, 10.0
"""Until what a worker does once is done; and how long it is watched then."""


def run(options: Options) -> Stage:
    """Measure."""
    stage = Stage("work", options)
    ours = {
        "ours, no order": (workers.ours("none"), OURS),
        "ours, order per person": (workers.ours("entity"), OURS),
        "ours, one lane": (workers.ours("entity", people=1), 3_000),
        "ours, 20 ms handlers": (
            workers.ours("none", handler_seconds=HANDLER_SECONDS, concurrency=CONCURRENCY),
            12_000,
        ),
    }
    peers = {name: (worker, COUNTS.get(name, OTHERS)) for name, worker in workers.peers().items()}
    with store(CORES.store) as server:
        contenders = {name: _slice(server, *each, options.scale) for name, each in (ours | peers).items()}
        stage.interleave(contenders, share=BUSY_SHARE)
    stage.interleave({f"ours, idle, {partitions} partitions": _idle(partitions) for partitions in (1, 8)}, 1)
    return stage


def _slice(server: Server, worker: workers.Worker, count: int, scale: float) -> Slice:
    count = round(count * scale)

    def measure(_: int) -> Measured:
        measured = dict(worker.measure(server, count))
        if worker.handler_seconds:
            ideal = worker.concurrency / worker.handler_seconds
            measured["of ideal"] = measured["per second"] / ideal
        return measured

    return measure


def _idle(partitions: int) -> Slice:
    """What a worker without work asks the server for, a second and partition, and its own CPU.

    Calls are what the worker sends, commands are those that the scripts among them run, too.
    """

    def measure(_: int) -> Measured:
        worker = workers.ours()
        with store(CORES.store) as server, server.client() as client:
            environment = {**worker.environment, "REDIS_URL": server.url, "PARTITIONS": str(partitions)}
            prepare(server.url, partitions)  # into an empty store a worker looks for what may be there
            with running(worker.command, CORES.measured, environment) as program:
                port = int(worker.environment["OPS_PORT"])
                poll(lambda: program.alive() and answers(port, "/readyz"), seconds=30, what="readiness")
                time.sleep(SETTLE_SECONDS)
                commands, calls, cpu = _commands(client), _calls(client), program.cpu
                time.sleep(IDLE_SECONDS)
                each = IDLE_SECONDS * partitions
                return {
                    "calls": (_calls(client) - calls - OWN_CALLS) / each,
                    "commands": (_commands(client) - commands) / each,
                    "cpu us per second": (program.cpu - cpu) / IDLE_SECONDS * 1e6,
                }

    return measure


OWN_CALLS = 1
"""Of the measuring itself: between two looks at the calls, and each a read of the server's."""


def _calls(client: workers.Client) -> int:
    return int(client.info("stats")["total_reads_processed"])


def _commands(client: workers.Client) -> int:
    return sum(each["calls"] for name, each in client.info("commandstats").items() if name != "cmdstat_info")
