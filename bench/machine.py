"""The machine that measures: its cores, who else is on it, what it is called."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cores:
    """Who runs where: what is measured has a core of its own; store and load share one where there are only two."""

    measured: int
    store: int
    load: int
    second: int
    """For a second process of ours (the worker beside the receiver): one of its own from four cores on."""

    @property
    def one_each(self) -> bool:
        """Whether nobody shares."""
        return len({self.measured, self.store, self.load, self.second}) == 4

    @classmethod
    def here(cls) -> "Cores":
        """As many of this process's cores as there are."""
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise SystemExit("The benchmarks need two cores: one for what is measured, one for store and load.")
        rest = cores[1:]
        return cls(cores[0], rest[0], rest[1 % len(rest)], rest[2 % len(rest)])


CORES = Cores.here()


def processor() -> str:
    """The processor's name as the kernel has it, and the number of cores."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def interpreter() -> str:
    """The Python that everything here runs on."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a living process and of its children that have ended, user and system."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _ours() -> float:
    total = cpu_seconds(me := psutil.Process())
    for child in me.children(recursive=True):
        try:
            total += cpu_seconds(child)
        except psutil.NoSuchProcess:
            continue  # ended this moment, so it is among somebody's ended children the next time
    return total


def _everybody() -> float:
    """CPU seconds of the whole machine that were not idle, what a hypervisor took away included."""
    fields = [int(word) for word in Path("/proc/stat").read_text("utf-8").split("\n", 1)[0].split()[1:9]]
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) / TICKS


class Watch:
    """Measures which share of the machine others took meanwhile."""

    def __init__(self) -> None:
        self._began, self._everybody, self._ours = time.monotonic(), _everybody(), _ours()

    def foreign_share(self) -> float:
        """0 to 1 of all cores together, since this watch was made."""
        seconds = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        foreign = (_everybody() - self._everybody) - (_ours() - self._ours)
        return min(1.0, max(0.0, foreign / seconds))


def poll(condition: Callable[[], bool], *, seconds: float, what: str, every: float = 0.02) -> float:
    """Wait until it is true; the monotonic time when it was.

    Raises:
        TimeoutError: it was not, within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)
    return time.monotonic()
