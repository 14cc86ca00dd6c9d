"""What of a soak counts as growth, and what as a pool that has had its busiest moment."""

import pytest

from tests.chaos.growth import Soaked, growth
from tests.chaos.soak_samples import OfProcess, Sample

SECONDS, EVERY = 600, 10
STORE = {"clients": 200, "used_memory": 3_000_000, "entries": 0, "pending": 0, "lag": 0, "consumers": 4}


def soaked(connections: list[int]) -> Soaked:
    """One in which a worker and the store have so many connections, sample by sample; nothing else changes."""
    samples = [
        Sample(
            at=float(EVERY * place),
            roles={"ordered 1": OfProcess(pid=1, rss=60 << 20, descriptors=number, threads=2, series=100)},
            behind=0,
            acknowledged=0,
            store=STORE | {"clients": 3 * number},
            keys={},
        )
        for place, number in enumerate(connections)
    ]
    nothing = dict.fromkeys(("sent", "acknowledged", "lost", "given_up", "repeated", "after_done", "unknown"), 0)
    return Soaked(
        "2026-11-30",
        float(SECONDS),
        0.0,
        order_broken=0,
        faults=[],
        killed_workers=0,
        samples=samples,
        problems=[],
        **nothing,
    )


COUNT = SECONDS // EVERY + 1


@pytest.mark.parametrize(
    "connections",
    [
        [60] * 15 + [74] * (COUNT - 15),
        [55] * 25 + [1_137] * 3 + [55] * (COUNT - 29) + [19],
    ],
    ids=["a pool that is full after the first fault", "a server that was frozen for a moment"],
)
def test_a_busy_moment_is_no_growth(connections: list[int]) -> None:
    """What is kept of it, and what comes and goes with it, is not more at the end than in the first half."""
    assert growth(soaked(connections)) == []


def test_a_connection_that_is_left_with_each_fault_is_growth() -> None:
    """One in half a minute is seen at the end, by the process and by the store."""
    found = growth(soaked([60 + place // 3 for place in range(COUNT)]))

    assert [each.split(" grew")[0] for each in found] == ["ordered 1: descriptors", "clients"]
