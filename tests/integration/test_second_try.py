"""The second try that `.ci/run` gives to a failed test, with the very options that stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.rules_and_dashboards import ROOT

OPTIONS = re.search(r'^again="(.*)"$', (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)[1].split()  # type: ignore[index]

FAILS_ONCE = """
from pathlib import Path

def test_{number}():
    mark = Path(__file__).with_suffix(".{number}")
    tried = mark.exists()
    mark.touch()
    assert tried, "the machine stopped for a second"
"""


@pytest.mark.parametrize(
    ("folder", "unsteady", "ended", "summary"),
    [
        ("tests/integration", 1, 0, "1 passed, 1 rerun"),
        ("tests/integration", 5, 0, "5 passed, 5 rerun"),
        ("tests/integration", 6, 1, "1 failed, 5 passed, 5 rerun"),
        ("tests/unit", 1, 1, "1 failed"),
    ],
)
def test_a_second_try_has_limits(tmp_path: Path, folder: str, unsteady: int, ended: int, summary: str) -> None:
    """Five tests with servers may need one; a sixth fails the run, and so does a single one without."""
    tests = "".join(FAILS_ONCE.format(number=number) for number in range(unsteady))

    run = run_pytest(tmp_path, folder, tests)

    assert (run.returncode, run.stdout.splitlines()[-1].strip("= ").split(" in ")[0]) == (ended, summary)
    assert "the machine stopped for a second" in run.stdout


def test_what_fails_twice_has_failed(tmp_path: Path) -> None:
    """The second try excuses nothing that is broken."""
    run = run_pytest(tmp_path, "tests/integration", "def test_it():\n    assert False\n")

    assert run.returncode == 1
    assert "1 failed, 1 rerun" in run.stdout


def run_pytest(root: Path, folder: str, tests: str) -> subprocess.CompletedProcess[str]:
    """Run them in a project of their own, in two processes as `make test` does."""
    (root / folder).mkdir(parents=True)
    (root / folder / "test_it.py").write_text(tests, "utf-8")
    (root / "pytest.ini").write_text("[pytest]\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-ra", "-n", "2", "-p", "no:cacheprovider", *OPTIONS]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_every_step_that_runs_tests_gives_it() -> None:
    """But for what has none, or depends on no machine: else one bad second still ends CI."""
    steps = re.findall(
        r"^[^#\n]*?\bmake ([^|>&\n]*)", (ROOT / ".ci/run").read_text("utf-8").replace("&&", "\n"), re.MULTILINE
    )
    words = {word for step in steps if "SECOND_TRY" not in step for word in step.split()}

    assert len(steps) == 9
    assert {word for word in words if word[0] != "-" and "=" not in word} == {"check", "tools", "audit", "fuzz"}
