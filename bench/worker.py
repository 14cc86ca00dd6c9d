"""Events a second through one worker process with a no-op handler, and Redis memory an event.

The worker is a real process pinned to one core, the server runs on the other. Leases, idempotency records and, in the
second run, lanes are on, as always.

    python -m bench.worker [--events 40000] [--concurrency 200]
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import redis
from tests.support.servers import Server, engines, free_port

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.store_format import NEWEST
from salesloft_webhooks.settings import Settings

BATCH = 500
SAMPLE = Path(__file__).with_name("email.json")
PEOPLE = 1_000


async def fill(settings: Settings, events: int) -> None:
    """Publish by script, without HTTP: email.updated of PEOPLE people."""
    body = SAMPLE.read_bytes()
    async with open_store(settings) as store:
        for start in range(0, events, BATCH):
            args: list[str | bytes | int] = [604_800, 7_776_000, NEWEST]
            for number in range(start, min(start + BATCH, events)):
                args += (f"email.updated/{number}/2026-03-06T18:40:21.773801-05:00", "email.updated")
                args += (f"person:{number % PEOPLE}", "default", "2026-03-06T18:40:21.773801-05:00", "", body)
                args += ("", "", "", "", "", 0)
            await store.run("publish", 0, args)


def measure(server: Server, events: int, concurrency: int, ordering: str) -> None:
    """One run on a new server; prints one line."""
    with server.client() as client:
        before = int(client.info("memory")["used_memory"])
        asyncio.run(fill(Settings.load(redis_url=server.url), events))
        stored = int(client.info("memory")["used_memory"])
        process = start_worker(server, concurrency, ordering)
        try:
            begun = wait(lambda: int(client.xinfo_groups("sl:{0}:events")[0]["entries-read"] or 0) > 0)
            ended = wait(lambda: finished(client.xinfo_groups("sl:{0}:events")[0], events))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    rate = events / (ended - begun)
    print(f"ordering={ordering:7} {rate:8.0f} events/s   {(stored - before) / events:6.0f} Redis bytes/event")


def finished(group: dict[str, int], events: int) -> bool:
    """Everything read and nothing pending."""
    return int(group["entries-read"] or 0) >= events and int(group["pending"]) == 0


def start_worker(server: Server, concurrency: int, ordering: str) -> "subprocess.Popen[bytes]":
    """The real command, on core 0."""
    env = os.environ | {
        "REDIS_URL": server.url,
        "OPS_PORT": str(free_port()),
        "WORKER_GROUP": "bench",
        "WORKER_HANDLERS": "bench.noop:router",
        "WORKER_CONCURRENCY": str(concurrency),
        "WORKER_ORDERING": ordering,
        "LOG_LEVEL": "warning",
    }
    code = (
        "import os; os.sched_setaffinity(0, {0}); from salesloft_webhooks import worker;"
        "from salesloft_webhooks.operations import run_role; from salesloft_webhooks.settings import Settings;"
        "run_role('worker', Settings.load(), worker.run)"
    )
    return subprocess.Popen([sys.executable, "-c", code], env=env)


def wait(condition: Callable[[], bool]) -> float:
    """Poll until true; the monotonic time at which it was."""
    while True:
        with suppress(redis.ResponseError, IndexError):  # the group does not exist yet
            if condition():
                return time.monotonic()
        time.sleep(0.005)


def main() -> None:
    """Parse arguments, run unordered and ordered on one server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--concurrency", type=int, default=200)
    options = parser.parse_args()
    for ordering in ("none", "entity"):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(engines()["valkey"], Path(folder)).start()
            try:
                measure(server, options.events, options.concurrency, ordering)
            finally:
                server.stop()


if __name__ == "__main__":
    main()
