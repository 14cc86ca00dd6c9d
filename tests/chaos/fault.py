"""What a fault is: how it strikes a live pipeline, how it ends, and what it may cost."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.chaos.live import Live

Strike = Callable[[Live], AbstractContextManager[None]]
"""Entered it has struck, left it is over. What is done between, if anything, is `Fault.lasts`."""

RECOVERY_SECONDS = 15.0
EACH_KIND_OF_GROUP = ("fsync", "follow-ups", "debounce and limits")
"""The scenes of a fault that is struck at plain handlers, and at those of each other kind."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: What it is called here and on the page.
        sentence: What happens, for readers.
        strike: Lets it happen.
        heals: How it ends, for readers.
        lasts: Seconds between its begin and its end.
        scenes: Names of `tests.chaos.scenes` that it is struck at.
        may_lose: Those of them whose durability level does not promise to survive it: what is lost is counted and
            said, and fails nothing.
        seconds: Within which the pipeline is well again by itself.
    """

    name: str
    sentence: str
    strike: Strike
    heals: str
    lasts: float = 0.0
    scenes: tuple[str, ...] = ("fsync",)
    may_lose: tuple[str, ...] = ()
    seconds: float = RECOVERY_SECONDS
