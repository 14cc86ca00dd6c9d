"""What a run is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """How long and how deep.

    Attributes:
        rounds: How often each contender's turn comes.
        repeats: How often a slice on a busy machine is repeated.
        scale: The length of slices, as a part of the usual one.
        deep: Also with 5 million events behind, which takes 10 GB and a quarter of an hour.
    """

    rounds: int = 3
    repeats: int = 2
    scale: float = 1.0
    deep: bool = False
