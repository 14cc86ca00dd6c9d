"""What works events off: ours and the peers, each with its way to fill its queue and to say that it is empty."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import redis
from tests.support.servers import Server, free_port

from bench import filling, peer_environment
from bench.machine import CORES, poll
from bench.peer_environment import NODE, PEERS
from bench.programs import running
from bench.slices import Measured
from bench.traffic import PEOPLE, compact, person

BODY = compact(person(100_000)).decode()
LONGEST_SECONDS = 120.0
Client = redis.Redis
STREAM = "sl:{0}:events"


class Tallied(msgspec.Struct):
    """What a worker's own count says; see `bench.peers.tally`."""

    began: float
    cpu: float
    calls: int
    times: dict[str, float]


@dataclass(frozen=True)
class Worker:
    """One contender.

    Attributes:
        command: Starts it.
        fill: Puts so many events into its queue.
        empty: Whether everything in its queue is acknowledged.
        environment: More variables.
        handler_seconds: How long each handler waits.
        concurrency: How many handlers run at once.
    """

    command: tuple[str, ...]
    fill: Callable[[Server, int], None]
    empty: Callable[[redis.Redis], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    handler_seconds: float = 0.0
    concurrency: int = 200

    def measure(self, server: Server, count: int) -> Measured:
        """Work ``count`` events off a server that has nothing else; events a second, and CPU microseconds of each."""
        with server.client() as client:
            client.flushall()
            self.fill(server, count)
            return self.drain(server, client, count)

    def drain(self, server: Server, client: redis.Redis, count: int) -> Measured:
        """Start the worker and wait until the queue is empty, which has ``count`` events."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "tally"
            environment = {"REDIS_URL": server.url, "BENCH_EXPECTED": str(count), "BENCH_TALLY": str(path)}
            environment |= {**_common(self.handler_seconds, self.concurrency), **self.environment}
            with running(self.command, CORES.measured, environment) as program:
                poll(lambda: program.alive() and path.exists(), seconds=LONGEST_SECONDS, what="every event is handled")
                ended = poll(lambda: self.empty(client), seconds=30, what="every event is acknowledged", every=0.005)
                tallied = msgspec.json.decode(path.read_bytes(), type=Tallied)
                if tallied.calls != count:
                    print(f"  {tallied.calls} calls for {count} events", flush=True)
                return {"per second": count / (ended - tallied.began), "cpu us": tallied.cpu / count * 1e6}


def _common(handler_seconds: float, concurrency: int) -> dict[str, str]:
    return {
        "BENCH_BODY": BODY,
        "BENCH_CONCURRENCY": str(concurrency),
        **({"BENCH_HANDLER_SECONDS": str(handler_seconds)} if handler_seconds else {}),
    }


def _group_done(client: redis.Redis, stream: str) -> bool:
    with suppress(redis.ResponseError):  # no stream yet
        groups: list[dict[str, Any]] = client.xinfo_groups(stream)
        return bool(groups) and all(group["pending"] == 0 and group["lag"] == 0 for group in groups)
    return False


def taken(client: redis.Redis, group: str) -> int:
    """How many entries our group has read so far."""
    with suppress(redis.ResponseError):  # no stream yet
        return sum(each["entries-read"] or 0 for each in client.xinfo_groups(STREAM) if each["name"] == group)
    return 0


def ours(ordering: str = "none", people: int = PEOPLE, handler_seconds: float = 0, concurrency: int = 200) -> Worker:
    """Our worker with a handler that does nothing."""
    environment = {
        "OPS_PORT": str(free_port()),
        "WORKER_GROUP": "bench",
        "WORKER_HANDLERS": "bench.handlers:router",
        "WORKER_ORDERING": ordering,
        "WORKER_CONCURRENCY": str(concurrency),
        "LOG_LEVEL": "error",
    }
    return Worker(
        (sys.executable, "-m", "salesloft_webhooks", "worker"),
        lambda server, count: filling.fill(server.url, count, people),
        lambda client: _group_done(client, STREAM),
        environment,
        handler_seconds,
        concurrency,
    )


def _script(*command: str) -> Callable[[Server, int], None]:
    """A filler: the peer's own program."""

    def fill(server: Server, count: int) -> None:
        environment = {"REDIS_URL": server.url, "PATH": "/usr/bin:/bin:/usr/local/bin", **_common(0, 1)}
        subprocess.run([*command, "fill", str(count)], env=environment, check=True)

    return fill


def _python(name: str, empty: Callable[[redis.Redis], bool], *command: str) -> Worker:
    script = str(PEERS / f"{name}.py")
    words = [word.replace("$MODULE", name) for word in command] or [script, "work"]
    return Worker(
        (peer_environment.PYTHON, *words),
        _script(peer_environment.PYTHON, script),
        empty,
        {"PYTHONPATH": str(PEERS), "dramatiq_queue_prefetch": "200"},
    )


DRAMATIQ = ("-m", "dramatiq", "$MODULE", "--processes", "1", "--threads", "8")
TASKIQ = ("-m", "taskiq", "worker", "$MODULE:broker", "--workers", "1", "--max-async-tasks", "200")
TASKIQ_ACKNOWLEDGES = ("--ack-type", "when_executed", "--log-level", "WARNING")


def peers() -> dict[str, Worker]:
    """The peers that can run here, by name."""
    found = {
        "raw XREADGROUP loop": _python("raw_loop", lambda client: _group_done(client, "events")),
        "Dramatiq": _python("dramatiq_worker", lambda client: not client.exists("dramatiq:default.msgs"), *DRAMATIQ),
        "taskiq": _python("taskiq_worker", lambda client: _group_done(client, "taskiq"), *TASKIQ, *TASKIQ_ACKNOWLEDGES),
        "docket": _python("docket_worker", lambda client: not client.xlen("bench:stream")),
        "FastStream": _python("faststream_worker", lambda client: _group_done(client, "events")),
    }
    if peer_environment.has_node():
        script = str(NODE / "bullmq.mjs")
        fill = _script("node", script)
        found["BullMQ"] = Worker(("node", script, "work"), fill, _bullmq_empty, peer_environment.OF_NODE)
    return found


def _bullmq_empty(client: redis.Redis) -> bool:
    return not client.exists("bull:events:wait", "bull:events:active")
