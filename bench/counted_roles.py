"""A role as a process whose work is counted, and turns in which it and its server work, so that batches are the same.

Which events are settled or taken together depends on what the server has answered by then: on how fast each of the two
is, and counting makes one of them many times slower. So they take turns: each is stopped while the other does whatever
it can do, until it waits for something. What is asked in one turn is answered in the next, on every machine.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path
from signal import SIGCONT, SIGSTOP

from tests.support.servers import Server, free_port

from bench.counted import ALLOCATED, WHAT
from bench.machine import poll
from bench.programs import answers
from salesloft_webhooks.broker import decide_partitions, open_store
from salesloft_webhooks.settings import Settings

WAITING, STOPPED = "S", "T"
"""What Linux calls the state of a process's first thread."""
LOOK_SECONDS = 0.0002
LONGEST_SECONDS = 30.0


class Role:
    """A role that `bench.counted` counts, ready for work, and its server.

    Attributes:
        what: Is counted: one of its two.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", server: Server, what: str) -> None:
        self.what = what
        self._process = process
        self._server = server

    def count(self) -> int:
        """How many there have been when it next waits for something."""
        _until(self._process.pid, WAITING)
        assert self._process.stdin  # noqa: S101 - for mypy: both are pipes
        assert self._process.stdout  # noqa: S101 - see above
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def stop(self) -> None:
        """Let it do nothing until the first of its `turns`."""
        _stop(self._process.pid)

    def turns(self) -> Generator[None, None, None]:
        """After `stop`: yields after each turn of the server, while it runs; in the end both do."""
        try:
            while True:
                _stop(self._server.pid)
                _take_turn(self._process.pid)
                _stop(self._process.pid)
                _take_turn(self._server.pid)
                yield
        finally:
            for pid in (self._server.pid, self._process.pid):
                os.kill(pid, SIGCONT)


def allocator() -> str | None:
    """The library that counts what is allocated; None: this machine has none (Debian's package `libjemalloc2`)."""
    return find_library("jemalloc")


@contextmanager
def role(name: str, server: Server, settings: Mapping[str, str], what: str) -> Iterator[Role]:
    """Start it with an empty server, count ``what`` of it, and wait until it is ready."""
    asyncio.run(_empty(server))
    ops_port = free_port()
    environment = {"REDIS_URL": server.url, "LOG_LEVEL": "error", "HOST": "127.0.0.1", "PYTHONHASHSEED": "0"}
    environment |= {**settings, "OPS_PORT": str(ops_port), WHAT: what}
    if what == ALLOCATED:
        environment |= {"LD_PRELOAD": allocator() or "", "PYTHONMALLOC": "malloc"}
    command = [sys.executable, "-m", "bench.counted", name]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=os.environ | environment, stdin=pipe, stdout=pipe) as process:
        try:
            poll(lambda: answers(ops_port, "/readyz"), seconds=30, what=f"the {name} is ready")
            yield Role(process, server, what)
        finally:
            process.kill()


async def _empty(server: Server) -> None:
    """Empty it, but for what any receiver writes down, and what workers else ask for every two seconds."""
    with server.client() as client:
        client.flushall()
    settings = Settings.load(redis_url=server.url)
    async with open_store(settings) as store:
        await decide_partitions(store, settings.partitions)


def _stop(pid: int) -> None:
    os.kill(pid, SIGSTOP)
    _until(pid, STOPPED)


def _take_turn(pid: int) -> None:
    os.kill(pid, SIGCONT)  # when this returns, it waits for the processor, and no longer for anything else
    _until(pid, WAITING)


def _until(pid: int, state: str) -> None:
    stat = Path(f"/proc/{pid}/stat")
    poll(
        lambda: stat.read_text("ascii").rpartition(") ")[2][0] == state,
        seconds=LONGEST_SECONDS,
        what=f"process {pid} is in state {state}",
        every=LOOK_SECONDS,
    )
