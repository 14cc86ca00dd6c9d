"""The command on an empty store, in a folder where no pipeline is running."""

from pathlib import Path

import pytest

from tests.integration.cli.administered import Console
from tests.integration.cli.examined import Doctor
from tests.support.servers import Server


@pytest.fixture
def console(valkey: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """The command on an empty store, away from whatever the developer is running."""
    monkeypatch.chdir(tmp_path)
    return Console(valkey)


@pytest.fixture
def doctor(tmp_path: Path, valkey: Server, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """On a store that is there and empty."""
    monkeypatch.chdir(tmp_path)
    return Doctor(tmp_path, valkey)
