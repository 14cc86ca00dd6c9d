"""The data folder keeps secrets to itself and tells a running `up` from one that was killed."""

import os
import stat
from pathlib import Path

import pytest

from salesloft_webhooks.cli.commands.up.data_folder import DataFolder, FolderInUse, adopt_running

ENVIRONMENT = {"REDIS_URL": "redis://127.0.0.1:1/0", "SALESLOFT_WEBHOOK_SECRET": "it's = a $secret"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A prepared folder that ``DATA_DIR`` names."""
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    monkeypatch.setenv("DATA_DIR", str(folder.path))
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return folder


def test_nobody_else_can_read_it(folder: DataFolder) -> None:
    """Folder and files with secrets are their owner's alone."""
    folder.secret("X")
    folder.publish_environment(ENVIRONMENT)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()}

    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert (modes["secrets"], modes["env"]) == (0o600, 0o600)


def test_git_never_sees_it(folder: DataFolder) -> None:
    """The folder ignores itself, in whoever's repository it lies."""
    assert (folder.path / ".gitignore").read_text() == "*\n"


def test_a_secret_stays_the_same(folder: DataFolder) -> None:
    """The next run can still read the data of this one; another name is another secret."""
    first = folder.secret("A")

    assert DataFolder(folder.path).secret("A") == first
    assert folder.secret("B") != first
    assert len(first) >= 32


def test_the_environment_is_seen_only_while_an_up_is_running(folder: DataFolder) -> None:
    """What a killed `up` has left behind is not mistaken for a pipeline."""
    folder.publish_environment({"REDIS_URL": "redis://127.0.0.1:1/0"})

    assert folder.environment() == {}
    with folder.lock("up.lock"):
        assert DataFolder(folder.path).environment() == {"REDIS_URL": "redis://127.0.0.1:1/0"}


def test_only_one_holds_the_folder(folder: DataFolder) -> None:
    """A second `up` is refused while the first one runs, and welcome afterwards."""
    with folder.lock("up.lock"), pytest.raises(FolderInUse), folder.lock("up.lock"):
        pass

    with folder.lock("up.lock"):
        pass


def test_commands_adopt_the_pipeline_that_runs_here(folder: DataFolder) -> None:
    """Everything that `up` has published becomes this process's environment."""
    folder.publish_environment({"REDIS_URL": "redis://127.0.0.1:1/0", "SALESLOFT_WEBHOOK_SECRET": "s"})

    with folder.lock("up.lock"):
        adopted = adopt_running()

    assert adopted == folder.path
    assert (os.environ["REDIS_URL"], os.environ["SALESLOFT_WEBHOOK_SECRET"]) == ("redis://127.0.0.1:1/0", "s")


def test_an_address_of_ones_own_wins_and_nothing_is_mixed(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """With REDIS_URL set, no other setting of the running pipeline is taken over."""
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere:6379/0")
    folder.publish_environment({"REDIS_URL": "redis://127.0.0.1:1/0", "SALESLOFT_WEBHOOK_SECRET": "s"})

    with folder.lock("up.lock"):
        adopted = adopt_running()

    assert adopted is None
    assert os.environ["REDIS_URL"] == "redis://elsewhere:6379/0"
    assert "SALESLOFT_WEBHOOK_SECRET" not in os.environ


def test_looking_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command in a folder without an `up` leaves no trace there."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "nothing"))

    assert adopt_running() is None
    assert list(tmp_path.iterdir()) == []
