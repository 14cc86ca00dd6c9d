"""`init` writes a project that works as it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.documents import ROOT

BIN = Path(sys.executable).parent
COMMAND = (str(BIN / "salesloft-webhooks"), "init")


def init(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("kind", "number"), [("plain", 3), ("sql", 3), ("http", 6), ("crm", 9), ("notify", 8)])
def test_the_project_passes_its_own_tests(tmp_path: Path, kind: str, number: int) -> None:
    """`make test` in a fresh project of any kind is green: its handlers run alone and in a whole pipeline."""
    init("acme-hooks", "--in", str(tmp_path), "--kind", kind).check_returncode()

    tests = subprocess.run(
        ["make", "test", f"BIN={BIN}"], cwd=tmp_path / "acme-hooks", capture_output=True, text=True, check=False
    )

    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert f"{number} passed" in tests.stdout


@pytest.mark.parametrize("kind", ["plain", "sql", "http", "crm", "notify"])
def test_the_project_is_typed_strictly(tmp_path: Path, kind: str) -> None:
    """`make check`, mypy's strict mode over handlers and tests, finds nothing in a fresh project of any kind."""
    init("acme-hooks", "--in", str(tmp_path), "--kind", kind).check_returncode()

    check = subprocess.run(
        ["make", "check", f"BIN={BIN}"],
        cwd=tmp_path / "acme-hooks",
        env=os.environ | {"MYPY_CACHE_DIR": str(ROOT / ".mypy_cache" / "documents")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert check.returncode == 0, check.stdout + check.stderr
    assert "no issues found in 4 source files" in check.stdout


def test_the_worker_of_the_values_file_is_the_one_that_was_written(tmp_path: Path) -> None:
    """Group, router and image of the values file name what lies in the project."""
    init("acme-hooks", "--in", str(tmp_path)).check_returncode()
    project = tmp_path / "acme-hooks"

    values = yaml.safe_load((project / "values.yaml").read_text())

    assert values["workers"]["acme-hooks"]["handlers"] == ["acme_hooks.handlers:router"]
    assert (project / "acme_hooks" / "handlers.py").is_file()
    assert "COPY acme_hooks /handlers/acme_hooks" in (project / "Dockerfile").read_text()


@pytest.mark.parametrize("name", ["Acme", "../x", "acme_hooks", "", "a--b", "json", "class", "tests", "a" * 41])
def test_a_name_that_cannot_work_is_refused(tmp_path: Path, name: str) -> None:
    """Names that are no package or group, or would hide a module, write nothing."""
    result = init("--in", str(tmp_path), "--", name)

    assert result.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    """Nobody's work is overwritten."""
    (tmp_path / "acme").mkdir()

    result = init("acme", "--in", str(tmp_path))

    assert result.returncode == 1
    assert list((tmp_path / "acme").iterdir()) == []
