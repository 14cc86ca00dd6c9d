"""Roll-outs and roll-backs under traffic: between 0.1.0 and ours, of a group's list of events, of the partitions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.fault import Fault, Strike
from tests.chaos.live import Live
from tests.chaos.process_faults import Role, is_new
from tests.chaos.scenes import Scene, Surroundings, plain
from tests.support.released import has_release, unpack_release
from tests.support.waiting import wait_until

SECONDS_OF_A_POD = 180.0
NARROW, WIDE = "person.updated,person.created", "person.*,call.*,note.*"
"""Lists of events: both have what the traffic is made of."""


def rolled_out(roles: Sequence[Role], settings: Mapping[str, str], without: Sequence[str] = ()) -> None:
    """End each, one after the other, and let it come back with other settings."""
    for role in roles:
        role.settings.update(settings)
        for name in without:
            role.settings.pop(name, None)
        before = role.pid
        role.terminate()
        wait_until(
            lambda role=role, before=before: is_new(role, before),  # type: ignore[misc]
            seconds=SECONDS_OF_A_POD,
            description="the new one is ready",
        )


@contextmanager
def to_ours(live: Live) -> Iterator[None]:
    """Workers first, then receivers, as docs/operations.md says."""
    rolled_out([*live.workers, *live.receivers], {}, ["PYTHONPATH"])
    yield


@contextmanager
def back_to_released(live: Live) -> Iterator[None]:
    """Receivers first, then workers."""
    rolled_out([*live.receivers, *live.workers], live.surroundings.parts)
    yield


def with_events(events: str) -> Strike:
    """Roll both groups out with another list of events."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        rolled_out(live.workers, {"WORKER_EVENTS": events})
        yield

    return strike


@contextmanager
def partitions_raised(live: Live) -> Iterator[None]:
    """Roll the receivers out with four partitions; workers follow by themselves."""
    rolled_out(live.receivers, {"PARTITIONS": "4"})
    yield


OPTIONS = {"appendonly": "yes", "appendfsync": "always"}


@contextmanager
def _released(folder: Path) -> Iterator[Surroundings]:
    with plain("fsync", OPTIONS)(folder) as surroundings, TemporaryDirectory(prefix="released-") as sources:
        surroundings.parts = unpack_release(Path(sources))
        surroundings.settings |= surroundings.parts
        yield surroundings


@contextmanager
def _to_be_raised(folder: Path) -> Iterator[Surroundings]:
    with plain("fsync", OPTIONS)(folder) as surroundings:
        surroundings.look = ""
        yield surroundings


SCENES = [
    Scene(
        "released",
        "as `fsync`, and version 0.1.0 runs at first",
        _released,
        "" if has_release() else "the commit of 0.1.0 is not in this clone",
    ),
    Scene("raised", "as `fsync`; the witness does not ask the store", _to_be_raised),
]
FAULTS = [
    Fault(
        "rolled out from 0.1.0",
        "Every process of 0.1.0 gives way to one of ours.",
        to_ours,
        "all are new",
        scenes=("released",),
    ),
    Fault(
        "rolled back to 0.1.0",
        "Every process of ours gives way to one of 0.1.0; ours have been there for less than ten minutes.",
        back_to_released,
        "all are old",
        scenes=("released",),
    ),
    Fault(
        "list of events grows",
        "Both groups are rolled out with a longer list of events.",
        with_events(WIDE),
        "all are new",
    ),
    Fault(
        "list of events shrinks",
        "Both groups are rolled out with a shorter list of events, which still has those that come.",
        with_events(NARROW),
        "all are new",
    ),
    Fault(
        "partitions raised",
        "Receivers are rolled out with four partitions instead of one.",
        partitions_raised,
        "all work with four",
        scenes=("raised",),
    ),
]
