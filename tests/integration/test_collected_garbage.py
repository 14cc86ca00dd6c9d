"""`pytest --collect-garbage`: what a test leaves open is said of that test, and not of one that comes later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.rules_and_dashboards import ROOT

LEAK = """
import gc
import socket

import pytest

gc.disable()


class Circle:
    def __init__(self):
        self.itself = self
        self.socket = socket.socket()


@pytest.fixture
def circle():
    return Circle()

"""

CULPRITS = {
    "a local of its own": "def test_culprit():\n    Circle()\n",
    "the value of a fixture": "def test_culprit(circle):\n    pass\n",
}

INNOCENT = """
def test_innocent():
    gc.collect()
"""


@pytest.mark.parametrize("culprit", CULPRITS.values(), ids=CULPRITS)
def test_garbage_is_said_of_its_test(tmp_path: Path, culprit: str) -> None:
    """A later test, in which it would be collected by chance, passes."""
    with_option = run_pytest(tmp_path, LEAK + culprit + INNOCENT, "--collect-garbage")
    without = run_pytest(tmp_path, LEAK + culprit + INNOCENT)

    assert "ERROR test_it.py::test_culprit" in with_option
    assert "2 passed, 1 error" in with_option
    assert "FAILED test_it.py::test_innocent" in without


def run_pytest(root: Path, tests: str, *options: str) -> str:
    """What pytest says of them, with our fixtures and settings, and the collector at rest."""
    (root / "test_it.py").write_text(tests, "utf-8")
    ours = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(root),
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
    ]
    command = [sys.executable, "-m", "pytest", *ours, *options, "test_it.py"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False).stdout
