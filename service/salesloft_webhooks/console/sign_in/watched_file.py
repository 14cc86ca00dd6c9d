"""A file that says who may sign in, and that may change at any time. What was read last stays while it is wrong."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from salesloft_webhooks.environment import file_version
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.telemetry import get_logger

CHECK_SECONDS = 1.0
Content = TypeVar("Content")

log = get_logger(__name__)


class WatchedFile(Generic[Content]):
    """One file.

    Args:
        setting: The setting that names it, for messages.
        path: Where it is.
        read: Reads it.

    Raises:
        ConfigurationError: from ``read``, at the beginning; later what was read before stays.
    """

    def __init__(self, setting: str, path: Path, read: Callable[[Path], Content]) -> None:
        self._setting, self._path, self._read = setting, path, read
        self._seen = file_version(path)
        self._content = read(path)
        self._next_check = time.monotonic() + CHECK_SECONDS

    @property
    def content(self) -> Content:
        """What it says now: looked at once a second at most."""
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + CHECK_SECONDS
            if (version := file_version(self._path)) != self._seen:
                self._seen = version
                self._read_again()
        return self._content

    def _read_again(self) -> None:
        try:
            self._content = self._read(self._path)
            problem = ""
        except ConfigurationError as exc:
            problem = str(exc)
        if problem:
            log.error("console.file_refused", setting=self._setting, problem=problem)
        else:
            log.info("console.file_changed", setting=self._setting)
