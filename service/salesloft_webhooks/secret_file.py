"""One secret in a file that somebody else may replace at any time, as mounted secrets and renewed tokens are.

It is read again when it has changed. What worked goes on working while the file is away, empty or half written.
"""

import time
from pathlib import Path

from salesloft_webhooks.environment import file_version
from salesloft_webhooks.errors import ConfigurationError

CHECK_SECONDS = 1.0


class SecretFile:
    """A file that holds one secret; a line break at its end is not part of it. No repr shows the secret.

    Attributes:
        value: The secret as of the last time the file was usable.

    Args:
        setting: The setting that names the file, for messages.
        path: The file.
        what: What it holds, for messages.

    Raises:
        ConfigurationError: the file cannot be read or is empty. Later that only means that the secret stays.
    """

    def __init__(self, setting: str, path: Path, what: str = "secret") -> None:
        self._setting, self._path, self._what = setting, path, what
        self._seen = file_version(path)
        self.value = self._read()
        self._next_check = time.monotonic() + CHECK_SECONDS

    def refresh(self, *, now: bool = False) -> bool:
        """Read the file again if it changed, once a second at most unless ``now``; True if the secret is another."""
        if not now and time.monotonic() < self._next_check:
            return False
        self._next_check = time.monotonic() + CHECK_SECONDS
        version = file_version(self._path)  # before reading: a change in between is found the next time
        if version == self._seen:
            return False
        try:
            value = self._read()
        except ConfigurationError:
            return False  # asked again in a second
        self._seen = version
        before, self.value = self.value, value
        return value != before

    def _read(self) -> str:
        problem = f"the file holds no {self._what}"
        try:
            value = self._path.read_bytes().decode("utf-8-sig").rstrip("\r\n")
        except OSError as exc:
            value, problem = "", f"the file cannot be read: {exc.strerror}"
        except UnicodeDecodeError:
            value, problem = "", "the file is not UTF-8"
        except ValueError:
            value, problem = "", "no file can have this name"
        if not value:  # raised outside the except block: the cause names the file, or quotes it
            raise ConfigurationError(f"{self._setting}: {problem}")
        return value
