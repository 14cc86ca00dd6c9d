"""A few of the faults of `make chaos`, so that the harness and the promise stand in every run of the tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import debounce_and_limits_scene, follow_up_scene, process_faults, store_faults, witness
from tests.chaos.fault import Fault
from tests.chaos.live import Live, running
from tests.chaos.scenes import SCENES, Scene
from tests.chaos.sender import Order
from tests.chaos.trial import Trial

SCENE = next(scene for scene in SCENES if scene.name == "fsync")


@contextmanager
def started(scene: Scene, folder: Path, rate: float = 50, people: int = 100, dawdle: str = "0") -> Iterator[Live]:
    """A pipeline in a scene, at a rate of events about so many people; effects take so many seconds at most."""
    (folder / "store").mkdir()
    with (
        scene.open(folder / "store") as surroundings,
        running(surroundings, folder, Order([], "", rate=rate, people=people), {witness.DAWDLE: dawdle}) as live,
    ):
        yield live


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One pipeline for all of them, as in `make chaos`."""
    with started(SCENE, tmp_path_factory.mktemp("chaos")) as live:
        yield live


@pytest.mark.parametrize(
    "fault",
    [
        process_faults.WORKER_KILLED,
        process_faults.RECEIVER_KILLED,
        store_faults.SERVER_KILLED,
        store_faults.SCRIPTS_FLUSHED,
    ],
    ids=lambda fault: fault.name,
)
def test_no_promise_is_broken(live: Live, fault: Fault) -> None:
    """Nothing acknowledged is lost, nothing begins after done, order holds, and all is well again by itself."""
    found = Trial(live, SCENE.name, before_seconds=1.0).run(fault)

    assert found.problems == []
    assert found.counts.acknowledged > 20


def test_order_holds_through_batches_and_follow_ups(tmp_path: Path) -> None:
    """The same of follow-ups, in a group that is given events one by one and in one that is given several at once."""
    (scene,) = follow_up_scene.SCENES
    with started(scene, tmp_path) as live:
        found = Trial(live, scene.name, before_seconds=1.0).run(process_faults.WORKER_KILLED)

    assert found.problems == []
    assert found.follow_ups is not None
    assert found.follow_ups.effected > 10


@pytest.mark.timeout(240)
def test_the_last_is_handled_and_limits_hold(tmp_path: Path) -> None:
    """Of each person the last event that was put off is handled, and none after a newer one; limits are kept."""
    (scene,) = debounce_and_limits_scene.SCENES
    fault = replace(process_faults.ALL_WORKERS_KILLED, seconds=60.0)  # how soon is not asked here: limits take time
    with started(scene, tmp_path, rate=20, people=20, dawdle="0.02") as live:
        found = Trial(live, scene.name, before_seconds=1.0).run(fault)

    assert found.problems == []
    assert found.debounced is not None
    assert found.debounced.handled > 10
    assert found.limited is not None
    assert found.limited.calls > 50
