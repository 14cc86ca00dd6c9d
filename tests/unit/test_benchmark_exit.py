"""`python -m bench` ends with an error whenever something could not be measured."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import bench.__main__ as command
import pytest
from bench import figures, peer_environment
from bench.options import Options
from bench.slices import Measured, Stage

Section = Callable[[Options], Stage]
Take = Callable[[Section], None]
QUICK = ["bench", "invented", "--rounds", "1", "--repeats", "0"]


def right(_: int) -> Measured:
    """A contender that is measured."""
    return {"events": 1.0}


def wrong(_: int) -> Measured:
    """A contender that answers wrongly."""
    raise ValueError("answered 500")


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Take:
    """Puts a section of one's own in the place of all others, and the results in a folder of its own."""

    def take(run: Section) -> None:
        section = ModuleType("bench.sections.invented", "An invented section.")
        section.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, section.__name__, section)

    monkeypatch.setattr(command, "SECTIONS", {"invented": 1})
    monkeypatch.setattr(peer_environment, "set_up", lambda: None)
    monkeypatch.setattr(figures, "FOLDER", tmp_path)
    monkeypatch.setattr(figures, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(sys, "argv", QUICK)
    return take


def contend(**contenders: Callable[[int], Measured]) -> Section:
    """A section with these contenders."""

    def run(options: Options) -> Stage:
        stage = Stage("invented", options)
        stage.interleave(contenders)
        return stage

    return run


def broken(_: Options) -> Stage:
    """A section that cannot even begin."""
    raise OSError("no such program")


def test_a_run_in_which_all_is_measured_ends_well(invented: Take) -> None:
    """Nothing has failed: the command returns, and what it found is kept."""
    invented(contend(ours=right))

    command.main()

    assert figures.load_results()["invented"].failures == {}


@pytest.mark.parametrize("run", [contend(ours=right, theirs=wrong), broken], ids=["a contender", "a section"])
def test_a_run_in_which_something_fails_ends_with_an_error(invented: Take, run: Section) -> None:
    """One contender that answers wrongly, or a section that cannot run, makes `make bench` fail."""
    invented(run)

    with pytest.raises(SystemExit, match="not everything could be measured"):
        command.main()
