"""What a run is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How long and how deep.

    Attributes:
        rounds: How often each contender's turn comes.
        repeats: How often a slice on a busy machine is repeated.
        scale: The length of slices and the depth of queues, as a part of the usual ones.
        seconds: What a section may take; see `bench.slices`.
        only: Contenders whose name has this in it.
    """

    rounds: int = 5
    repeats: int = 2
    scale: float = 1.0
    seconds: float = 300.0
    only: str = ""
