"""How much work an event is, counted instead of timed: the same on every machine. `make counts` writes it down.

The numbers stand in `bench/work_counts.json`, each for `EVENTS` events; a test counts again and compares. A receiver
gets one delivery at a time; a worker finds all its events waiting, and takes turns with the server (`counted_roles`),
so that batches are the same in every run.
"""

import platform
import time
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from tests.support.http_client import Connection
from tests.support.receiver_process import KEYS
from tests.support.servers import Server, engines, free_port

from bench import filling, workers
from bench.counted import ALLOCATED, INSTRUCTIONS
from bench.counted_roles import Role, allocator, role
from bench.traffic import envelope_deliveries

FILE = Path(__file__).with_suffix(".json")
EVENTS = 1_000
RECEIVER_BLOCKS, RECEIVER_BLOCK = 20, 10
"""The block with the least counts, and the delivery that a twentieth is below: the rest happens beside them."""
WORKER_BLOCKS, WORKER_BLOCK = 4, 500
"""The block with the least counts: a worker's beats fall into the others."""
WARM = 200
RARELY = {"UPKEEP_SECONDS": "600", "NO_HANDLER_SECONDS": "3600"}
IDLE_SECONDS = 5.0
"""For how long an idle worker's counts are written down."""
IDLE_AT_LEAST_SECONDS = 20.0
"""For how long it is watched, while deliveries are counted: a timer more or less is a small part of that."""
LAST_TURNS = 20
"""In which a worker that has handled everything takes once more, and begins to wait."""
SETTLED_SECONDS = 2.0
"""After its last event a worker is idle."""
SCRIPTS = frozenset({"evalsha", "eval", "fcall", "evalsha_ro", "fcall_ro"})
LOOKING = frozenset({"info", "client", "hello", "select", "ping", "xinfo"})
"""Commands of those who measure."""
LOOKED = {"bytes": 287, "round trips": 7}
"""What one look at the server adds to its own counts."""
POLL = b"*3\r\n$5\r\nXINFO\r\n$6\r\nGROUPS\r\n$13\r\nsl:{0}:events\r\n"
"""How a worker is asked whether it has handled everything."""
PYTHON = platform.python_version()

Counts = dict[str, int]
"""By what is counted: `commands`, `scripts`, `round trips` and `bytes` that the server has seen, and `OF_PYTHON`."""
OF_PYTHON = (INSTRUCTIONS, ALLOCATED)


class Written(msgspec.Struct):
    """The file: what the server has seen, by subject; and what each Python that was counted with has done, likewise."""

    server: dict[str, Counts]
    python: dict[str, dict[str, Counts]]

    def of_python(self, version: str) -> tuple[str, dict[str, Counts]] | None:
        """What was counted with this version or, in default of that, with another patch of it; and with which."""
        minor = version.rpartition(".")[0]
        known = [each for each in self.python if each.rpartition(".")[0] == minor]
        return (known[0], self.python[known[0]]) if known else None


def written() -> Written:
    """What is written down."""
    return msgspec.json.decode(FILE.read_bytes(), type=Written)


def count_all(of_worker: Server, of_others: Server) -> dict[str, Counts]:
    """The counts of each subject: `receiver`, `worker`, `idle worker`; on two empty servers, so that one idles."""
    with _worker(of_worker, INSTRUCTIONS) as counted:
        working = _work(of_worker, counted)
        time.sleep(SETTLED_SECONDS)
        before, began = _counts(of_worker, counted), time.monotonic()
        receiving = receiver(of_others, INSTRUCTIONS)
        if allocator() is not None:
            receiving[ALLOCATED] = receiver(of_others, ALLOCATED)[ALLOCATED]
            with _worker(of_others, ALLOCATED) as other:
                working[ALLOCATED] = _work(of_others, other)[ALLOCATED]
        time.sleep(max(0.0, began + IDLE_AT_LEAST_SECONDS - time.monotonic()))
        idle = _difference(before, _counts(of_worker, counted))
        share = IDLE_SECONDS / (time.monotonic() - began)
    return {"receiver": receiving, "worker": working, "idle worker": _times(idle, share)}


def receiver(server: Server, what: str) -> Counts:
    """Of a receiver that gets deliveries, one after another on one connection."""
    port = free_port()
    settings = {**KEYS["envelope"], "PORT": str(port), **RARELY}
    with role("receiver", server, settings, what) as counted, Connection(port, timeout_seconds=30) as connection:
        blocks = list[Counts]()
        each = list[int]()
        for block in range(RECEIVER_BLOCKS):
            deliveries = envelope_deliveries(RECEIVER_BLOCK, block)
            before = _counts(server, counted)
            each += [_send(counted, connection, delivery) for delivery in deliveries]
            blocks.append(_difference(before, _counts(server, counted)))
    return _times(_least(blocks), EVENTS / RECEIVER_BLOCK) | {what: sorted(each)[len(each) // 20] * EVENTS}


def _send(counted: Role, connection: Connection, delivery: bytes) -> int:
    """Send one and read its answer; what it took."""
    before = counted.count()
    connection.send(delivery)
    reply = connection.reply()
    if reply is None or reply.body != b'{"received":true}':
        raise RuntimeError(f"a new delivery was answered {reply}")
    return counted.count() - before


def _worker(server: Server, what: str) -> AbstractContextManager[Role]:
    return role("worker", server, {**workers.ours("entity", concurrency=100).environment, **RARELY}, what)


def _work(server: Server, counted: Role) -> Counts:
    """Of a worker that finds events waiting."""
    _handle(server, counted, WARM, 100)
    blocks = [_handle(server, counted, WORKER_BLOCK, 101 + block) for block in range(WORKER_BLOCKS)]
    return _times(_least(blocks), EVENTS / WORKER_BLOCK)


def _handle(server: Server, counted: Role, count: int, run: int) -> Counts:
    """Let it find so many events at once; what they cost."""
    already = counted.count()
    counted.stop()
    filling.fill(server.url, count, run=run)
    with server.client() as client:
        client.ping()  # it is connected before the count begins
        before = _server_counts(server) | {counted.what: already}
        polls = 1
        with closing(counted.turns()) as turns:
            while not workers.ours().empty(client):
                polls += 1
                next(turns)
            for _ in range(LAST_TURNS):
                next(turns)
        counts = _difference(before, _counts(server, counted))
    return counts | {"bytes": counts["bytes"] - polls * len(POLL), "round trips": counts["round trips"] - polls}


def _counts(server: Server, counted: Role) -> Counts:
    return _server_counts(server) | {counted.what: counted.count()}


def _server_counts(server: Server) -> Counts:
    """What the server has been asked for so far; what it is asked here is not in it."""
    with server.client() as client:
        stats = client.info("stats")
        by_command = {
            name.removeprefix("cmdstat_"): each["calls"] for name, each in client.info("commandstats").items()
        }
    ours = {name: calls for name, calls in by_command.items() if name.partition("|")[0] not in LOOKING}
    return {
        "commands": sum(ours.values()),
        "scripts": sum(calls for name, calls in ours.items() if name in SCRIPTS),
        "bytes": stats["total_net_input_bytes"],
        "round trips": stats["total_reads_processed"],
    }


def _least(blocks: list[Counts]) -> Counts:
    return {name: min(block[name] for block in blocks) for name in blocks[0]}


def _times(counts: Counts, factor: float) -> Counts:
    return {name: round(count * factor) for name, count in counts.items()}


def _difference(before: Counts, after: Counts) -> Counts:
    return {name: after[name] - before[name] - LOOKED.get(name, 0) for name in before}


def main() -> None:
    """Count, and write it down; what was counted with other versions of Python stays as it is."""
    if allocator() is None:
        raise SystemExit("There is no jemalloc, which counts what is allocated: install Debian's package libjemalloc2.")
    with TemporaryDirectory() as folder, ExitStack() as stack:
        servers = []
        for name in ("worker", "others"):
            (directory := Path(folder) / name).mkdir()
            servers.append(Server(engines()["valkey"], directory).start())
            stack.callback(servers[-1].stop)
        counts = count_all(*servers)
    known = written() if FILE.exists() else Written({}, {})
    if (found := known.of_python(PYTHON)) is not None:
        del known.python[found[0]]
    known.python[PYTHON] = {
        subject: {name: each.pop(name) for name in OF_PYTHON if name in each} for subject, each in counts.items()
    }
    known.server = counts
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(known)) + b"\n")
    print(FILE.read_text("utf-8"))


if __name__ == "__main__":
    main()
