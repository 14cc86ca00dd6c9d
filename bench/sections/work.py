"""Events a second through one worker process on one core with a handler that does nothing, beside what else could."""

import time

from tests.support.servers import Server

from bench import workers
from bench.figures import Figure
from bench.machine import CORES
from bench.options import Options
from bench.programs import running, store
from bench.slices import Measured, Slice, Stage

HANDLER_SECONDS = 0.02
CONCURRENCY = 100
COUNTS = {"raw XREADGROUP loop": 60_000, "BullMQ": 30_000, "Dramatiq": 6_000}
OURS, OTHERS = 30_000, 6_000
IDLE_SECONDS = 6.0


def run(options: Options) -> list[Figure]:
    """Measure."""
    stage = Stage("work", options.rounds, options.repeats)
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
        for partitions in (1, 8):
            contenders[f"ours, idle, {partitions} partitions"] = _idle(partitions)
        stage.interleave(contenders)
    return stage.figures


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
    """What a worker without work asks the server for: commands a second and partition, and its own CPU."""

    def measure(_: int) -> Measured:
        worker = workers.ours()
        with store(CORES.store) as server, server.client() as client:
            environment = {**worker.environment, "REDIS_URL": server.url, "PARTITIONS": str(partitions)}
            with running(worker.command, CORES.measured, environment) as program:
                time.sleep(4.0)  # it has started, and what it does once is done
                commands, cpu = _commands(client), program.cpu
                time.sleep(IDLE_SECONDS)
                each = IDLE_SECONDS * partitions
                return {
                    "commands": (_commands(client) - commands) / each,
                    "cpu us per second": (program.cpu - cpu) / IDLE_SECONDS * 1e6,
                }

    return measure


def _commands(client: workers.Client) -> int:
    return sum(each["calls"] for name, each in client.info("commandstats").items() if name != "cmdstat_info")
