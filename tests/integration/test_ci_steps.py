"""`.ci/run` with its steps replaced: whatever fails, the run fails, shows what was said, and goes no further."""

import os
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.support.rules_and_dashboards import ROOT
from tests.support.waiting import wait_until

STEP = "#!/bin/sh\n"
MAKE = """#!/bin/sh
for target; do
  case $target in -*|*=*) continue ;; esac
  echo "$target" >>"$DONE"
  if [ "$target" = "$FAILS" ]; then
    while [ -n "$HANGS" ] && [ ! -s "$DONE.hangs" ]; do sleep 0.01; done
    echo "$target went wrong"; exit 1
  fi
  echo "$target: summary"
  if [ "$target" = "$HANGS" ]; then echo $$ >"$DONE.hangs"; exec sleep 60; fi
done
"""
ALL = ("check", "tools", "audit", "test-image", "node-image", "test-cluster", "test")
BESIDE = ("coverage", "test-pythons", "fuzz", "check-chart")


@pytest.fixture
def run_ci(tmp_path: Path) -> "CiRun":
    """The script in a folder of its own, where `make` writes down what it was asked for."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    steps = {".ci/servers": STEP, ".ci/prometheus": STEP, ".ci/engine": '#!/bin/sh\nexec "$@"\n', "make": MAKE}
    for name, text in steps.items():
        (tmp_path / name).write_text(text, "utf-8")
        (tmp_path / name).chmod(0o755)
    return CiRun(tmp_path)


class CiRun:
    """Runs it, and knows which targets were made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *, fails: str = "", hangs: str = "") -> tuple[int, str, list[str]]:
        """Exit code, output and targets in order, but for those that run beside the others."""
        done = self._folder / "done"
        told = {"PATH": f"{self._folder}:{os.environ['PATH']}", "DONE": str(done), "FAILS": fails, "HANGS": hangs}
        command = [self._folder / ".ci/run"]
        run = subprocess.run(command, env=told, capture_output=True, text=True, check=False, timeout=30)
        return run.returncode, run.stdout, [each for each in done.read_text("utf-8").split() if each not in BESIDE]


def test_everything_is_run_and_the_tests_come_last(run_ci: CiRun) -> None:
    """The output of CI ends with pytest's summary of every test, whatever ran beside them."""
    code, said, made = run_ci()

    assert (code, made, said.splitlines()[-1]) == (0, list(ALL), "test: summary")


@pytest.mark.parametrize("step", [each for each in ALL if each not in ("tools", "audit")])
def test_a_step_that_fails_ends_the_run(run_ci: CiRun, step: str) -> None:
    """What it said is shown, and nothing after it is run."""
    code, said, made = run_ci(fails=step)

    assert (code != 0, f"{step} went wrong" in said, made[-1]) == (True, True, step)


@pytest.mark.parametrize(
    ("step", "beside"), [("coverage", "test-cluster"), ("test-pythons", "test-cluster"), ("check-chart", "test")]
)
def test_what_runs_beside_others_fails_the_run_too(run_ci: CiRun, step: str, beside: str) -> None:
    """Its output is kept until the pods or the other tests are done, and shown."""
    code, said, made = run_ci(fails=step)

    assert (code != 0, f"{step} went wrong" in said, made[-1]) == (True, True, beside)


@pytest.mark.parametrize(("step", "beside"), [("test-cluster", "coverage"), ("test", "check-chart")])
def test_who_fails_waits_for_nothing(run_ci: CiRun, tmp_path: Path, step: str, beside: str) -> None:
    """What runs beside is ended, not waited for: else a run goes on that has failed already."""
    code, _, made = run_ci(fails=step, hangs=beside)

    assert (code != 0, made[-1]) == (True, step)
    hanging = int((tmp_path / "done.hangs").read_text("utf-8"))
    wait_until(lambda: not psutil.pid_exists(hanging), description="it has ended")


def test_an_advisory_ends_no_run(run_ci: CiRun) -> None:
    """It may be younger than the commit; the run goes on and says so."""
    code, said, made = run_ci(fails="audit")

    assert (code, "they may be younger" in said, made) == (0, True, list(ALL))


def test_a_fault_that_chance_found_ends_no_run(run_ci: CiRun) -> None:
    """Nor does it need to be of the commit: it is shown, and the tests are run."""
    code, said, made = run_ci(fails="fuzz")

    assert (code, "fuzz went wrong" in said, "chance found it" in said, made) == (0, True, True, list(ALL))
