"""A few of the faults of `make chaos`, so that the harness and the promise stand in every run of the tests."""

from collections.abc import Iterator

import pytest

from tests.chaos import process_faults, store_faults
from tests.chaos.fault import Fault
from tests.chaos.live import Live, running
from tests.chaos.scenes import SCENES
from tests.chaos.sender import Order
from tests.chaos.trial import Trial

SCENE = next(scene for scene in SCENES if scene.name == "fsync")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One pipeline for all of them, as in `make chaos`."""
    folder = tmp_path_factory.mktemp("chaos")
    (folder / "store").mkdir()
    with (
        SCENE.open(folder / "store") as surroundings,
        running(surroundings, folder, Order([], "", rate=50), {}) as live,
    ):
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
