"""Clocks that jump, by little and by an hour, forward and back."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.chaos.clock_scene import Clocks
from tests.chaos.fault import Fault, Strike
from tests.chaos.live import LOOSE, ORDERED, Live
from tests.chaos.surroundings.faked_time import Clock

HOUR, LITTLE = 3_600.0, 2.0
Whose = Callable[[Clocks], Clock]
STAYS = "the clock stays as it is then"


def jumped(whose: Whose, seconds: float, *, a_worker_dies: bool = False) -> Strike:
    """Set a clock forward or back, for good."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        clocks: Clocks = live.surroundings.parts
        whose(clocks).jump(seconds)
        if a_worker_dies:
            for group in (ORDERED, LOOSE):
                live.workers_of(group)[0].signal(signal.SIGKILL)
        yield

    return strike


def wrong_for_a_while(whose: Whose, seconds: float) -> Strike:
    """Set a clock forward or back, and right again."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        clock = whose(live.surroundings.parts)
        clock.jump(seconds)
        try:
            yield
        finally:
            clock.jump(-seconds)

    return strike


def _faults() -> Iterator[Fault]:
    jumps = (("an hour forward", HOUR), ("an hour back", -HOUR), ("2 s forward", LITTLE), ("2 s back", -LITTLE))
    server: Whose = lambda clocks: clocks.server  # noqa: E731
    for words, seconds in jumps:
        yield _fault(f"server's clock {words}", "The server's clock is set", jumped(server, seconds), STAYS)
    for words, seconds in jumps[:2]:
        strike = jumped(server, seconds, a_worker_dies=True)
        sentence = "The server's clock is set and a worker of each group dies at once, with leases by the old clock"
        yield _fault(f"server's clock {words} and a worker dies", sentence, strike, STAYS)
    for words, seconds in jumps:
        strike = jumped(lambda clocks: clocks.workers, seconds)
        yield _fault(f"workers' clock {words}", "The workers' clock is set", strike, STAYS)
    for words, seconds in jumps:
        strike = wrong_for_a_while(lambda clocks: clocks.receivers, seconds)
        sentence = "The receivers' clock is wrong: by more than five minutes, and signatures are too old or too new"
        yield _fault(f"receivers' clock {words}", sentence, strike, "the clock is right again after 4 s", lasts=4.0)


def _fault(name: str, sentence: str, strike: Strike, heals: str, *, lasts: float = 0.0) -> Fault:
    return Fault(name, f"{sentence}.", strike, heals, lasts=lasts, scenes=("clocks",))


FAULTS = [*_faults()]
