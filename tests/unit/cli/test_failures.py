"""Errors of ours end in one line on stderr and an exit code that scripts can rely on."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.support.servers import free_port


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pipeline of the developer is found in the current folder."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, **environment: str) -> Result:
    """The result of a command in this process."""
    return CliRunner().invoke(application(), arguments, env=environment)


def test_a_store_that_is_not_there_is_exit_code_3() -> None:
    """The message names the trouble, not the password in the address, and there is no traceback."""
    result = run("status", REDIS_URL=f"redis://:hunter2@127.0.0.1:{free_port()}/0")

    assert result.exit_code == ExitCode.UNREACHABLE
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "hunter2" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_setting_is_exit_code_2() -> None:
    """The message names the variable and not its value."""
    result = run("status", PARTITIONS="hunter2")

    assert result.exit_code == ExitCode.USAGE
    assert "PARTITIONS" in result.stderr
    assert "hunter2" not in result.stderr


def test_a_wrong_address_is_exit_code_2() -> None:
    """A malformed address is told apart from a server that is away, and is not repeated: it may hold a password."""
    result = run("status", REDIS_URL="hunter2")

    assert result.exit_code == ExitCode.USAGE
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("dead", "redrive"),
        ("dead", "redrive", "crm/0/1-1", "--all"),
        ("dead", "redrive", "crm/0/1-1", "--group", "crm"),
        ("dead", "discard"),
        ("dead", "list", "--reason", "boredom"),
        ("replay", "crm", "--since", "yesterday"),
        ("groups", "pause", "crm", "--for", "ever"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    """Nothing is tried: a forgotten argument never means everything."""
    result = run(*arguments, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")

    assert result.exit_code == ExitCode.USAGE
