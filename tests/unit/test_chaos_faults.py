"""The faults of `make chaos` are told apart, and struck where there is such a scene."""

from collections import Counter

from tests.chaos.every_scene import SCENES
from tests.chaos.faults import FAULTS


def test_names_are_told_apart() -> None:
    """No two faults, and no two scenes, have the same name: results are kept by them."""
    names = Counter([fault.name for fault in FAULTS] + [scene.name for scene in SCENES])

    assert [name for name, count in names.items() if count > 1] == []


def test_every_fault_is_struck_somewhere() -> None:
    """Its scenes exist, and what a level may lose is said of one of them."""
    scenes = {scene.name for scene in SCENES}

    for fault in FAULTS:
        assert fault.scenes, fault.name
        assert set(fault.scenes) <= scenes, fault.name
        assert set(fault.may_lose) <= set(fault.scenes), fault.name


def test_there_are_as_many_faults_as_were_asked_for() -> None:
    """At least twenty-five."""
    assert len(FAULTS) >= 25


def test_names_can_be_chosen() -> None:
    """No name has a comma: several are separated by them on the command line."""
    assert not [name for name in (*(fault.name for fault in FAULTS), *(scene.name for scene in SCENES)) if "," in name]
