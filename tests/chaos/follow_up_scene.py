"""Follow-ups and batches: groups whose handlers ask for some, one of which takes several events at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.live import ORDERED
from tests.chaos.scenes import Scene, Surroundings, plain

WITNESS = "tests.chaos.follow_up_witness"
NAME = "follow-ups"


@contextmanager
def _opened(folder: Path) -> Iterator[Surroundings]:
    with plain("fsync", {"appendonly": "yes", "appendfsync": "always"})(folder) as surroundings:
        surroundings.groups = {
            ORDERED: {"WORKER_ORDERING": "entity", "WORKER_HANDLERS": f"{WITNESS}:router"},
            "batched": {"WORKER_ORDERING": "entity", "WORKER_HANDLERS": f"{WITNESS}:batches"},
        }
        surroundings.follow_ups = True
        yield surroundings


SCENES = [
    Scene(
        NAME,
        "as `fsync`; both groups are ordered, three eighths of the events ask for a follow-up, and one of the groups "
        "takes up to 16 events at once",
        _opened,
    )
]
