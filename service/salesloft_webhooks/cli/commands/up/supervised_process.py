"""One supervised process: started so that it ends with us, started again when it dies, stopped gently."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from salesloft_webhooks.background import cancel_and_wait
from salesloft_webhooks.cli.exit_codes import ExitCode

END_WITH_PARENT = Path(__file__).with_name("end_with_parent.py")
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 15.0
STEADY_SECONDS = 10.0
"""A process that has lived for so long starts with a short delay again."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    """What to run.

    Attributes:
        name: What people call it: ``receiver``, ``crm``...
        command: Program and arguments.
        environment: All of it.
        log: The file that gets its output; that of the previous run is kept as ``<name>.log.1``.
        parent_death: The signal it gets when `up` is killed.
        stop_seconds: How long it may take to stop.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    parent_death: signal.Signals = signal.SIGKILL
    stop_seconds: float = 10.0


class SupervisedProcess:
    """Keeps one program running between `start` and `stop`."""

    def __init__(self, program: Program, report: Report, descriptor: int) -> None:
        self.program = program
        self.restarts = 0
        self._report = report
        self._descriptor = descriptor
        self._process: asyncio.subprocess.Process | None = None
        self._supervision: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def exit_code(self) -> int | None:
        """How its latest process ended; None while it runs."""
        return self._process.returncode if self._process else None

    async def start(self) -> None:
        """Start it, and from now on again whenever it dies."""
        if self.program.log.exists():
            self.program.log.replace(self.program.log.with_suffix(".log.1"))
        self._process = await self._spawn()
        self._supervision = asyncio.create_task(self._restart_when_it_dies(self._process))

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL when that takes too long."""
        if self._supervision is not None:
            await cancel_and_wait([self._supervision])
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), self.program.stop_seconds)
        except TimeoutError:
            self._report(f"{self.program.name} did not stop within {self.program.stop_seconds:g} s and was killed")
            self._process.kill()
            await self._process.wait()

    def kill(self) -> None:
        """End it at once; what waits in `stop` goes on."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def end_of_log(self, lines: int = 3) -> str:
        """The end of its log: why it died, most of the time."""
        try:
            text = self.program.log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])

    async def _spawn(self) -> asyncio.subprocess.Process:
        wrapper = (
            sys.executable,
            "-I",
            "-S",
            str(END_WITH_PARENT),
            str(os.getpid()),
            str(int(self.program.parent_death)),
        )
        with self.program.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *wrapper,
                *self.program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.program.environment),
                # Ctrl-C reaches the whole foreground group, and we stop our children ourselves, in order.
                start_new_session=True,
                pass_fds=(self._descriptor,),
            )

    async def _restart_when_it_dies(self, process: asyncio.subprocess.Process) -> None:
        delay = FIRST_DELAY_SECONDS
        while True:
            born = time.monotonic()
            code = await process.wait()
            if code == ExitCode.USAGE and not self.restarts:
                # A setting is wrong: that heals by no restart, and whoever waits for this process says so.
                return
            if time.monotonic() - born > STEADY_SECONDS:
                delay = FIRST_DELAY_SECONDS
            self._report(f"{self.program.name} died ({_cause(code)}); starting it again in {delay:g} s")
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY_SECONDS)
            self._process = process = await self._spawn()
            self.restarts += 1


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
