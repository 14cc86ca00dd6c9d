"""Debounced handlers, and limited ones, in two groups."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import debounce_counting, limit_counting
from tests.chaos.scenes import Scene, Surroundings, plain

WITNESS = "tests.chaos.debounce_and_limits_witness"
NAME = "debounce and limits"


@contextmanager
def _opened(folder: Path) -> Iterator[Surroundings]:
    with plain("fsync", {"appendonly": "yes", "appendfsync": "always"})(folder) as surroundings:
        surroundings.groups = {
            debounce_counting.GROUP: {"WORKER_ORDERING": "entity", "WORKER_HANDLERS": f"{WITNESS}:debounced"},
            limit_counting.GROUP: {"WORKER_ORDERING": "none", "WORKER_HANDLERS": f"{WITNESS}:limited"},
        }
        yield surroundings


SCENES = [
    Scene(
        NAME,
        "as `fsync`; one group is ordered, and its handlers are debounced: half of the people rest between two events, "
        "half never do; the handlers of the other group are limited, one for all events and one for each person",
        _opened,
    )
]
