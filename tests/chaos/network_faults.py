"""Faults of the network between any two of sender, receivers, workers, store and replica."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.chaos.fault import Fault, Strike
from tests.chaos.live import Live
from tests.chaos.network_scene import DATABASE, RECEIVER, REPLICA, SENDER, STORE, WORKER, Networks
from tests.chaos.surroundings.wires import CUT, Disturbance, Wires

LASTS = 5.0
PAIRS = ((SENDER, RECEIVER), (RECEIVER, STORE), (WORKER, STORE), (WORKER, DATABASE), (STORE, REPLICA))
Disturb = Callable[[Wires, str, str], None]
WAYS: dict[str, tuple[str, Disturb]] = {
    "cut": ("Nothing arrives any more.", lambda wires, one, other: wires.between(one, other, CUT)),
    "slow": (
        "Everything arrives a tenth of a second later, in each direction.",
        lambda wires, one, other: wires.between(one, other, Disturbance(late_seconds=0.1)),
    ),
    "lossy": (
        "One of ten packets is lost, in each direction.",
        lambda wires, one, other: wires.between(one, other, Disturbance(lost=0.1)),
    ),
    "half-open there": (
        "What the first sends to the second is lost, its answers would arrive.",
        lambda wires, one, other: wires.disturb(one, other, CUT),
    ),
    "half-open back": (
        "What the first sends arrives, the answers of the second are lost.",
        lambda wires, one, other: wires.disturb(other, one, CUT),
    ),
}
"""What can happen to a pair: in words, and how."""


def disturbed(one: str, other: str, disturb: Disturb) -> Strike:
    """Disturb the network between two."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        parts: Networks = live.surroundings.parts
        disturb(parts.wires, one, other)
        try:
            yield
        finally:
            parts.wires.heal()

    return strike


FAULTS = [
    Fault(
        f"{one} - {other}: {way}",
        sentence,
        disturbed(one, other, disturb),
        f"the network is well again after {LASTS:.0f} s",
        lasts=LASTS,
        scenes=("networks database" if DATABASE in {one, other} else "networks",),
    )
    for one, other in PAIRS
    for way, (sentence, disturb) in WAYS.items()
]
