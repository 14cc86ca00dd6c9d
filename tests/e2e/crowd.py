"""Processes that are killed and started again while others look on."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from tests.support.worker_process import WorkerProcess


class Process(Protocol):
    """A worker or a server."""

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""

    def launch(self) -> None:
        """Start it."""


@contextmanager
def killed_every_second(workers: Sequence[WorkerProcess], seed: int = 7) -> Iterator[list[int]]:
    """SIGKILL one of the workers every second and start it again; yields the kills, as indices."""
    kills: list[int] = []
    choose = random.Random(seed)

    def strike() -> None:
        victim = choose.randrange(len(workers))
        workers[victim].kill()
        workers[victim].launch()
        kills.append(victim)

    with _every(1.0, strike):
        yield kills


@contextmanager
def restarted_when_dead(processes: Sequence[Process]) -> Iterator[list[int]]:
    """Start a process again as soon as it has ended, as Kubernetes does; yields the restarts, as indices."""
    restarts: list[int] = []

    def look() -> None:
        for index, process in enumerate(processes):
            if process.ended:
                process.launch()
                restarts.append(index)

    with _every(0.1, look):
        yield restarts


@contextmanager
def _every(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            act()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
