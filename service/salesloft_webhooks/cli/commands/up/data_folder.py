"""The data folder of `up`: what outlives a run, who is using it, and how commands in another terminal find the run.

::

    .data/
      env             environment of the running pipeline, mode 0600; gone once it has stopped
      secrets         password of the embedded server and secrets of the demo, mode 0600
      up.lock         held by the running `up`
      processes.lock  held by everything it has started, so that the next `up` waits for leftovers of a killed one
      valkey/         the server's data
      logs/           one file per process
      *.db            the built-in handlers' database
      subscriptions.yaml  what a demo has subscribed to at its SalesLoft
"""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

DEFAULT = Path(".data")
SETTING = "DATA_DIR"
PRIVATE = 0o600
LOCK_POLL_SECONDS = 0.05


class FolderInUse(Exception):
    """Somebody else holds the lock."""


class DataFolder:
    """One data folder. Nothing is made before `prepare`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @classmethod
    def chosen(cls) -> Self:
        """The one that ``DATA_DIR`` names, or ``.data`` here."""
        return cls(Path(os.environ.get(SETTING) or DEFAULT))

    @property
    def valkey(self) -> Path:
        """The server's data."""
        return self.path / "valkey"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.path / "logs"

    @property
    def database(self) -> Path:
        """The built-in handlers' database."""
        return self.path / "salesloft-webhooks.db"

    @property
    def subscriptions(self) -> Path:
        """What a demo has subscribed to, as `subscriptions plan --file` reads it."""
        return self.path / "subscriptions.yaml"

    @property
    def demo_mark(self) -> Path:
        """Exists once a demo has run here: its invented people are among the data."""
        return self.path / "demo"

    def prepare(self) -> None:
        """Make the folder, readable by its owner only, and keep it out of git wherever it lies."""
        for folder in (self.path, self.valkey, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.path / ".gitignore").write_text("*\n", encoding="utf-8")

    @contextmanager
    def lock(self, name: str, *, wait_seconds: float = 0.0) -> Iterator[int]:
        """Hold a lock of the folder; yields its file descriptor, for processes that shall hold it, too.

        Raises:
            FolderInUse: somebody else still holds it after ``wait_seconds``.
        """
        descriptor = os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        deadline = time.monotonic() + wait_seconds
        try:
            while not _locked(descriptor):
                if time.monotonic() > deadline:
                    raise FolderInUse
                time.sleep(LOCK_POLL_SECONDS)
            yield descriptor
        finally:
            os.close(descriptor)

    @property
    def is_running(self) -> bool:
        """Whether an `up` is using the folder now."""
        if not (self.path / "up.lock").exists():
            return False
        try:
            with self.lock("up.lock"):
                return False
        except FolderInUse:
            return True

    def secret(self, name: str) -> str:
        """A secret of this folder, made up on first use."""
        known = self._read("secrets")
        if name not in known:
            known[name] = secrets.token_hex(24)
            self._write("secrets", known)
        return known[name]

    def publish_environment(self, environment: Mapping[str, str]) -> None:
        """Let commands in other terminals find the pipeline."""
        self._write("env", environment)

    def withdraw_environment(self) -> None:
        """The pipeline has stopped."""
        (self.path / "env").unlink(missing_ok=True)

    def environment(self) -> dict[str, str]:
        """What a running `up` has published; empty without one, even if a killed one has left its file behind."""
        return self._read("env") if self.is_running else {}

    def _read(self, name: str) -> dict[str, str]:
        try:
            lines = (self.path / name).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        pairs = (line.partition("=") for line in lines)
        return {key: value.removeprefix("'").removesuffix("'") for key, sign, value in pairs if sign}

    def _write(self, name: str, values: Mapping[str, str]) -> None:
        """Whole or not at all: a reader never meets half a file."""
        draft = self.path / f"{name}.draft"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{key}='{value}'\n" for key, value in values.items())
        draft.replace(self.path / name)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def adopt_running() -> Path | None:
    """Let this command work on the pipeline that runs here, unless the environment names another store.

    An explicit ``REDIS_URL`` always wins, and then nothing at all is taken over: half of one pipeline's settings and
    half of another's would be a trap.

    Returns:
        The folder of the `up` that was adopted, or None.
    """
    if os.environ.get("REDIS_URL") or os.environ.get("REDIS_URL_FILE"):
        return None
    folder = DataFolder.chosen()
    environment = folder.environment()
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    return folder.path if environment else None
