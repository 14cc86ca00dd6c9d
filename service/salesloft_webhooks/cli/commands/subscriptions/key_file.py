"""A file with master keys, rewritten for a rotation: the first is used, all are accepted."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from salesloft_webhooks.errors import ConfigurationError

KEY_BYTES = 32
SETTING = "SALESLOFT_CALLBACK_SECRET_FILE"

Keys = tuple[bytes, ...]


class RotatingKeyFile:
    """The keys in it, newest first. Whoever reads it at any moment finds the keys of before or those of after.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def keys(self) -> Keys:
        """What is in it now.

        Raises:
            ConfigurationError: it cannot be read.
        """
        from salesloft_webhooks.dialects.key_texts import split_keys

        with self._problems_named("read"):
            return split_keys(self._path.read_bytes())

    def add(self, before: Sequence[bytes]) -> bool:
        """Put a new key before the others; False, and nothing is done, if these are not ``before`` any more.

        Raises:
            ConfigurationError: it cannot be written.
        """
        return self._replace(before, lambda keys: (secrets.token_hex(KEY_BYTES).encode(), *keys))

    def keep_first(self, before: Sequence[bytes]) -> bool:
        """Take all but the first away; False, and nothing is done, if they are not ``before`` any more.

        Raises:
            ConfigurationError: it cannot be written.
        """
        return self._replace(before, lambda keys: keys[:1])

    def _replace(self, before: Sequence[bytes], change: Callable[[Keys], Keys]) -> bool:
        with self._alone():
            keys = self.keys
            if keys != tuple(before):
                return False
            with self._problems_named("rewritten"):
                self._write(b",".join(change(keys)) + b"\n")
            return True

    def _write(self, content: bytes) -> None:
        path = self._path.resolve()  # a symbolic link stays one
        about = path.stat()
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            try:
                os.fchmod(file.fileno(), about.st_mode & 0o7777)
                with suppress(PermissionError):  # only root may give a file away
                    os.fchown(file.fileno(), about.st_uid, about.st_gid)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two who rotate at once must not overwrite each other's key."""
        with self._problems_named("locked"):
            folder = os.open(self._path.resolve().parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    @contextmanager
    def _problems_named(self, what: str) -> Iterator[None]:
        problem = ""
        try:
            yield
        except OSError as exc:
            problem = exc.strerror or "no reason given"
        if problem:  # raised outside the except block: the cause names files of its own
            raise ConfigurationError(f"{SETTING}: the file cannot be {what}: {problem}")
