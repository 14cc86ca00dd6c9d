"""`migrate` brings a database up to date, or says that it cannot."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import aiosqlite.core
import pytest
from typer.testing import CliRunner

from salesloft_webhooks.cli.application import application

COMMAND = (str(Path(sys.executable).parent / "salesloft-webhooks"), "migrate")


def migrate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)


def test_an_empty_database_is_migrated_once(tmp_path: Path) -> None:
    """The second run says that there was nothing to do."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'x.db'}"

    first, second = (migrate("--database-url", url, "--json") for _ in range(2))

    after = json.loads(first.stdout)["after"]
    assert json.loads(first.stdout) == {"before": None, "after": after}
    assert json.loads(second.stdout) == {"before": after, "after": after}


def test_an_unreachable_database_fails_without_showing_its_address() -> None:
    """A job in a cluster sees the exit code; its log does not see the password."""
    result = migrate("--database-url", "postgresql+asyncpg://someone:geheim@127.0.0.1:1/x")

    assert result.returncode == 1
    assert "geheim" not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_address_is_a_wrong_setting() -> None:
    """Exit code 2, as for every setting."""
    assert migrate("--database-url", "mysql://x").returncode == 2


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's thread, however late it ends, finds the loop still there: no traceback of it follows the message."""
    lost: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lost.append)
    monkeypatch.setattr(aiosqlite.core.LOG, "debug", lambda *_: time.sleep(0.05))

    result = CliRunner().invoke(application(), ["migrate", "--database-url", f"sqlite:///{tmp_path}/nowhere/x.db"])
    time.sleep(0.3)

    assert result.exit_code == 1
    assert "SQLITE_CANTOPEN" in result.stderr
    assert lost == []
