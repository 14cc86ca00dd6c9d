"""A role that is started by its name alone, as pods do, behaves like one that is given options."""

import subprocess
import sys
from pathlib import Path

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode


def end_of(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and standard error of a role that cannot start with a setting like this."""
    command = [sys.executable, "-m", "salesloft_webhooks", *arguments]
    environment = {"DURABILITY": "hunter2", "WORKER_GROUP": "notify"}
    result = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    return result.returncode, result.stderr


@pytest.mark.parametrize("role", ["backfill", "console", "operator", "receiver", "worker"])
def test_a_wrong_setting_ends_a_role_alike_with_and_without_options(role: str, tmp_path: Path) -> None:
    """One line that names the variable and not its value, and the exit code of wrong usage."""
    code, words = end_of(tmp_path, role)

    assert code == ExitCode.USAGE
    assert words.startswith("error: DURABILITY")
    assert "hunter2" not in words
    assert words == end_of(tmp_path, role, "--host=127.0.0.1")[1]


@pytest.mark.parametrize(
    ("role", "module", "most"),
    [("receiver", "lifecycle", 438), ("worker", "worker", 469), ("operator", "running", 577)],
)
def test_a_role_loads_no_more_modules_than_it_did(role: str, module: str, most: int, tmp_path: Path) -> None:
    """They are its start-up, on any machine: 437, 468 and 576 besides those of Python, which differ by version."""
    program = (
        "import atexit, sys\n"
        "from salesloft_webhooks.cli import main\n"
        "atexit.register(lambda: print(*sys.modules))\n"
        "main()"
    )
    command = [sys.executable, "-c", program, role]
    environment = {"DURABILITY": "ends it once it is loaded", "WORKER_GROUP": "notify"}

    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.returncode == ExitCode.USAGE
    loaded = set(ended.stdout.split())
    modules = {each for each in loaded if each.partition(".")[0] not in sys.stdlib_module_names}
    assert f"salesloft_webhooks.{role}.{module}" in modules
    assert not modules & {"typer", "pydantic_settings", "dotenv", "salesloft_webhooks.resources"}
    assert len(modules) <= most
