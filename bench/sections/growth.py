"""Redis memory for each delivery: stored, handled by one group, and what is left when its history is trimmed."""

from collections.abc import Sequence
from dataclasses import replace

from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server

from bench import workers
from bench.load import Order
from bench.machine import CORES, poll
from bench.options import Options
from bench.programs import Program, pinned, running, store
from bench.sending import send
from bench.slices import Measured, Slice, Stage
from bench.traffic import ENVELOPE_BODY_BYTES, NATIVE_BODY_BYTES, compact, person, sample
from bench.train_dictionary import bodies
from salesloft_webhooks.broker.body_compression import packed

FIRST, DELIVERIES = 200, 20_000
BODY_BYTES = {"envelope": ENVELOPE_BODY_BYTES, "native": NATIVE_BODY_BYTES}
NAMES = {"envelope": f"envelope, {ENVELOPE_BODY_BYTES} B", "native": f"native email, {NATIVE_BODY_BYTES} B"}
AT_ONCE = {"RETENTION_SECONDS": "0", "UPKEEP_SECONDS": "0.2"}
"""The history goes as soon as it is handled."""
SAMPLES, OTHER_SEED = 1_000, 2
"""Bodies that are compressed by themselves; those of a team are not the ones that the dictionary was trained on."""
LONG = 300.0
"""Seconds that a busy machine may take for what takes a few on a quiet one."""


def run(options: Options) -> Stage:
    """Measure; once, because memory does not depend on who else is on the machine."""
    stage = Stage("growth", replace(options, repeats=0))
    count = round(DELIVERIES * options.scale)
    contenders: dict[str, Slice] = {}
    for kind, name in NAMES.items():
        contenders[name] = _growth(kind, count, {})
        contenders[f"{name}, zstd"] = _growth(kind, count, {"BODY_COMPRESSION": "zstd"})
    stage.interleave(contenders, 1)
    stage.interleave({name: _compressed(each) for name, each in _samples().items()}, 1)
    return stage


def _samples() -> dict[str, Sequence[bytes]]:
    """Bodies of each kind: how small one becomes depends on what is in it more than on anything else."""
    numbers = range(100_000, 100_000 + SAMPLES)
    return {
        "bodies, envelope": [compact(person(number)) for number in numbers],
        "bodies, native email": [compact(sample() | {"id": number}) for number in numbers],
        "bodies, invented team": bodies(OTHER_SEED, SAMPLES),
    }


def _compressed(plain: Sequence[bytes]) -> Slice:
    """What the frames take, as a part of the bodies; without the store."""

    def measure(_: int) -> Measured:
        length = sum(map(len, plain))
        return {"bytes": length / len(plain), "part, zstd": sum(len(packed(each)) for each in plain) / length}

    return measure


def _growth(kind: str, count: int, settings: dict[str, str]) -> Slice:
    def measure(number: int) -> Measured:
        with store(CORES.store) as server, server.client() as client:
            # What stands in the store once, whatever comes: scripts, the group, the first of everything.
            _send(server, Order(0, FIRST, number, kind=kind), settings)
            _work(server, client, settings | AT_ONCE, trimmed=True)
            empty = _used(client)
            _send(server, Order(0, count, number + 1_000, kind=kind), settings)
            stored = _used(client) - empty
            _work(server, client, settings | {"RETENTION_SECONDS": "86400"}, trimmed=False)
            handled = _used(client) - empty
            _work(server, client, settings | AT_ONCE, trimmed=True)
            kept = _used(client) - empty
            return {
                "bytes stored": stored / count,
                "bytes beside the body": stored / count - BODY_BYTES[kind],
                "bytes handled": handled / count,
                "bytes kept after history": kept / count,
            }

    return measure


def _used(client: workers.Client) -> int:
    return int(client.info("memory")["used_memory"])


def _send(server: Server, order: Order, settings: dict[str, str]) -> None:
    receiver = ReceiverProcess(server.url, settings)
    try:
        with pinned(CORES.measured):
            receiver.start()
        order.port, order.seconds = receiver.port, LONG
        if (answered := send(order).answered) != order.count:
            raise RuntimeError(f"{answered} of {order.count} deliveries were sent within {LONG:.0f} s")
    finally:
        receiver.kill()


def _work(server: Server, client: workers.Client, settings: dict[str, str], *, trimmed: bool) -> None:
    """Let a worker handle everything, and with ``trimmed`` stay until the history is gone."""
    worker = workers.ours()
    environment = {**worker.environment, "REDIS_URL": server.url, **settings}
    with running(worker.command, CORES.measured, environment) as program:
        poll(lambda: program.alive() and worker.empty(client), seconds=LONG, what="everything is handled")
        if trimmed:
            poll(lambda: _length(program, client) < 200, seconds=LONG, what="the history is trimmed")


def _length(program: Program, client: workers.Client) -> int:
    program.alive()
    return int(client.xlen(workers.STREAM))
