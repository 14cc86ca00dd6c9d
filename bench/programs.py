"""Processes that are measured: each on its core from its first instruction on, its threads included."""

import http.client
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from tests.support.servers import Server, engines

from bench.figures import FOLDER
from bench.machine import cpu_seconds

END_SECONDS = 20.0


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """What is started within runs on this core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass
class Program:
    """A running program, with the children that it may have."""

    process: "subprocess.Popen[bytes]"
    output: Path | None = None

    @property
    def cpu(self) -> float:
        """CPU seconds so far, of the children too."""
        return sum(cpu_seconds(each) for each in self.processes)

    @property
    def rss(self) -> int:
        """Resident bytes, of the children too."""
        return sum(each.memory_info().rss for each in self.processes)

    @property
    def processes(self) -> list[psutil.Process]:
        """It and its children."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def alive(self) -> bool:
        """True; fails with what it has printed when it has ended by itself."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.process.args!r} has ended with {self.process.returncode}:\n{self.log()}")
        return True

    def log(self) -> str:
        """The end of what it has printed."""
        return self.output.read_text("utf-8", "replace")[-2000:] if self.output else ""


@contextmanager
def running(command: Sequence[str], core: int, environment: Mapping[str, str] | None = None) -> Iterator[Program]:
    """A program on this core, with more environment variables; it gets SIGTERM at the end, then SIGKILL."""
    FOLDER.mkdir(exist_ok=True)
    output = FOLDER / "output.log"
    with pinned(core), output.open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | (environment or {}), stdout=log, stderr=log)
    program = Program(process, output)
    try:
        yield program
    except TimeoutError:
        print(program.log(), flush=True)
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def store(core: int, options: Mapping[str, str] | None = None, engine: str = "valkey") -> Iterator[Server]:
    """An empty server on this core."""
    with TemporaryDirectory() as folder, pinned(core):
        server = Server(engines()[engine], Path(folder), dict(options or {})).start()
        try:
            yield server
        finally:
            server.stop(kill=True)


def described(server: Server) -> str:
    """Its name, version and allocator, as it says itself."""
    with server.client() as client:
        about, memory = client.info("server"), client.info("memory")
    name = about.get("server_name", "redis")
    return f"{name.capitalize()} {about.get(f'{name}_version', '?')}, which allocates with {memory['mem_allocator']}"


def answers(port: int, path: str, status: int = 200) -> bool:
    """Whether somebody answers on this port with this status; 0: with any."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    with suppress(OSError, http.client.HTTPException), closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status == status or not status
    return False
