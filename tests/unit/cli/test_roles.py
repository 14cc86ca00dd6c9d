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


@pytest.mark.parametrize("role", ["receiver", "worker"])
def test_a_wrong_setting_ends_a_role_alike_with_and_without_options(role: str, tmp_path: Path) -> None:
    """One line that names the variable and not its value, and the exit code of wrong usage."""
    code, words = end_of(tmp_path, role)

    assert code == ExitCode.USAGE
    assert words.startswith("error: DURABILITY")
    assert "hunter2" not in words
    assert words == end_of(tmp_path, role, "--host=127.0.0.1")[1]
