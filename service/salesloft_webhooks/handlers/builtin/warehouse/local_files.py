"""Files in a folder, on the disk and by their names when a call returns."""

import os
import threading
import uuid
from pathlib import Path
from typing import Any

from salesloft_webhooks.errors import Unavailable

UNFINISHED = ".unfinished"
"""How names end of what is there before the rename."""
FILE_MODE, FOLDER_MODE = 0o640, 0o750
"""There are personal data in all of them: nothing for other users of the machine."""

_known: set[Path] = set()
_lock = threading.Lock()


def check_folder(base: Path) -> None:
    """Look whether the folder of the warehouse is there: what is not mounted would be a folder of the disk beneath.

    Raises:
        Unavailable: it is not, or may not be written to.
        OSError: it cannot be looked at.
    """
    if not base.is_dir():
        raise Unavailable("the warehouse's folder is not there", after=15)
    if not os.access(base, os.R_OK | os.W_OK | os.X_OK):
        raise Unavailable("the warehouse's folder cannot be written to", after=15)


def write_whole(base: Path, path: str, content: Any) -> None:
    """Write a file below a folder that is there.

    Raises:
        Unavailable: see `check_folder`.
        OSError: the system refuses.
    """
    check_folder(base)
    target = base / path
    _make_folders(base, target.parent)
    unfinished = target.with_name(f".{uuid.uuid4().hex}{UNFINISHED}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except OSError:
        # A full disk is tried again and again, and each try would take what somebody has made free.
        unfinished.unlink(missing_ok=True)
        raise
    _sync(target.parent)


def _make_folders(base: Path, folder: Path) -> None:
    """All below the base. Each is brought to the disk once by each process, whoever has made it: it may have died."""
    for each in reversed([folder, *folder.parents]):
        if not each.is_relative_to(base) or each == base:
            continue
        each.mkdir(FOLDER_MODE, exist_ok=True)
        if each not in _known:
            _sync(each.parent)
            with _lock:
                _known.add(each)


def _sync(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
