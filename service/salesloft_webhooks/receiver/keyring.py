"""The keys of one source, kept in step with the files they come from.

A rotation must need no restart, and no mistake made during one may lock the sender out: whatever happens to a file
while the receiver runs, the keys that worked go on working, and the problem is logged once.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from salesloft_webhooks.dialects import DialectKeys, KeyKind, accepted
from salesloft_webhooks.dialects.key_texts import key_problem, split_keys
from salesloft_webhooks.environment import file_version
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.telemetry import get_logger

CHECK_SECONDS = 1.0
SHORT_KEY_BYTES = 16

log = get_logger("keys")


@dataclass(frozen=True)
class KeySetting:
    """Where the keys of one kind come from: from values or from a file.

    Attributes:
        kind: What they become.
        setting: Its name in messages.
        values: The keys themselves, unless there is a file.
        file: The file that holds them.
    """

    kind: KeyKind
    setting: str
    values: tuple[bytes, ...] = field(default=(), repr=False)
    file: Path | None = None


class KeyFile:
    """A file with keys. Its `values` are those of the last time it was usable.

    Raises:
        ConfigurationError: it cannot be read, or holds no key.
    """

    def __init__(self, setting: str, path: Path, kind: KeyKind) -> None:
        self.setting = setting
        self._kind = kind
        self._path = path
        self._seen = file_version(path)
        self.values = self._read()
        self._problem = ""

    def refresh(self) -> bool:
        """Read it again if it changed; True if the keys are others now. A problem is logged once, not raised."""
        version = file_version(self._path)  # before reading: a change in between is found the next time
        if version == self._seen and not self._problem:
            return False
        before, problem = self.values, ""
        try:
            self.values = self._read()
        except ConfigurationError as exc:
            problem = str(exc)
        if problem and problem != self._problem:
            log.error("keys.file_unusable", problem=problem, keys_kept=len(before))
        self._seen, self._problem = version, problem
        return self.values != before

    def _read(self) -> tuple[bytes, ...]:
        unreadable = ""
        try:
            values = split_keys(self._path.read_bytes())
        except OSError as exc:
            unreadable = f"the file cannot be read: {exc.strerror}"
        except ValueError:
            unreadable = "no file can have this name"
        if unreadable:  # raised outside the except block: the cause names the file
            raise ConfigurationError(f"{self.setting}: {unreadable}")
        if not values:
            raise ConfigurationError(f"{self.setting}: the file holds no key")
        if problem := key_problem(values, self._kind):
            raise ConfigurationError(f"{self.setting}: the file {problem}")
        return values


class Keyring:
    """The keys of one source, from values and files.

    Args:
        source: The source's name, for messages.
        settings: Where the keys come from; at most one of each kind.
        clock: Monotonic seconds.

    Raises:
        ConfigurationError: a file is unusable, there is no key at all, or two kinds share one.
    """

    def __init__(
        self, source: str, settings: Sequence[KeySetting], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._settings = settings
        self._files = {
            each.kind.name: KeyFile(each.setting, each.file, each.kind) for each in settings if each.file is not None
        }
        self._clock = clock
        self._next_check = clock() + CHECK_SECONDS
        self._keys = self._combine()
        self._warn_of_short_keys()

    def file(self, kind: str) -> Path | None:
        """The file that the keys of a kind come from, by `KeyKind.name`; None: they are values, or there are none."""
        return next((each.file for each in self._settings if each.kind.name == kind), None)

    def current(self) -> DialectKeys:
        """The keys as of at most a second ago."""
        if self._files and (now := self._clock()) >= self._next_check:
            self._next_check = now + CHECK_SECONDS
            self._refresh()
        return self._keys

    def _refresh(self) -> None:
        changed = [file.setting for file in self._files.values() if file.refresh()]
        if not changed:
            return
        problem = ""
        try:
            self._keys = self._combine()
        except ConfigurationError as exc:
            problem = str(exc)
        if problem:
            log.error("keys.change_refused", source=self._source, problem=problem)
        else:
            log.info("keys.changed", source=self._source, settings=changed)
            self._warn_of_short_keys()

    def _values(self, setting: KeySetting) -> tuple[bytes, ...]:
        return self._files[setting.kind.name].values if setting.kind.name in self._files else setting.values

    def _combine(self) -> DialectKeys:
        for one, other in combinations(self._settings, 2):
            if set(self._values(one)) & set(self._values(other)):
                # Else a signature or token of one kind could serve as one of the other.
                raise ConfigurationError(f"{one.setting} and {other.setting} hold the same key; each needs its own")
        keys = DialectKeys(**{setting.kind.name: self._values(setting) for setting in self._settings})
        if not accepted(keys):
            raise ConfigurationError(f"source {self._source}: there is no key for any dialect")
        return keys

    def _warn_of_short_keys(self) -> None:
        for setting in self._settings:
            if any(setting.kind.size(value) < SHORT_KEY_BYTES for value in self._values(setting)):
                log.warning("keys.short", setting=setting.setting, advised_bytes=SHORT_KEY_BYTES)
