"""Clocks that jump: libfaketime tells a process another time of day, which may change while it runs.

Only the time of day: what measures how long something takes (the monotonic clock) goes on as it did, as it does when a
machine's clock is set. Debian's Redis does not start with it (its allocator asks for the time before libfaketime is
ready), so the server whose clock jumps is a Valkey.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LIBRARIES = ("*/faketime/libfaketimeMT.so.1", "faketime/libfaketimeMT.so.1")
_SHARED_MEMORY = Path("/dev", "shm")
_LEFT_BY_THE_KILLED = ("faketime_shm_*", "sem.faketime_sem_*")


def library() -> str | None:
    """Where libfaketime is."""
    found = [str(path) for pattern in _LIBRARIES for path in Path("/usr/lib").glob(pattern)]
    return next((path for path in found if platform.machine() in path), found[0] if found else None)


def absent() -> str | None:
    """Why no clock can jump here; None: they can."""
    return None if library() else "CLOCK JUMPS ARE NOT TRIED: libfaketime is not installed (.ci/servers)"


@dataclass
class Clock:
    """The time of day of some processes.

    Attributes:
        file: Where libfaketime reads it.
        ahead: Seconds, as it is set.
    """

    file: Path
    ahead: float = 0.0

    def set(self, seconds: float) -> None:
        """So much later than it is, or earlier; at once."""
        self.ahead = seconds
        # In one step: who reads half a number would jump elsewhere.
        written = self.file.with_suffix(".new")
        written.write_text(f"{seconds:+f}\n", "ascii")
        written.replace(self.file)

    def jump(self, seconds: float) -> None:
        """So much forward or back from what it says now."""
        self.set(self.ahead + seconds)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process live by it, and the processes that it starts."""
        return {
            "LD_PRELOAD": library() or "",
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def script(self, folder: Path, program: str) -> str:
        """A program that starts another one by this clock, for those who take a path and no environment."""
        file = folder / f"{Path(program).name}-by-{self.file.name}"
        words = " ".join(f"{name}={value}" for name, value in self.environment.items())
        file.write_text(f'#!/bin/sh\nexec env {words} {program} "$@"\n', "ascii")
        file.chmod(0o755)
        return str(file)


@contextmanager
def clock(folder: Path, name: str = "clock") -> Iterator[Clock]:
    """A clock that is right until it is set."""
    found = Clock(folder / name)
    found.set(0)
    yield found


@contextmanager
def tidied() -> Iterator[None]:
    """Remove at the end what libfaketime keeps of processes that were killed meanwhile."""
    before = set(_kept())
    try:
        yield
    finally:
        for file in set(_kept()) - before:
            if not Path("/proc", file.name.rpartition("_")[2]).exists():
                file.unlink(missing_ok=True)


def _kept() -> Iterator[Path]:
    for pattern in _LEFT_BY_THE_KILLED:
        yield from _SHARED_MEMORY.glob(pattern)
