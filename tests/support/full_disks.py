"""A disk that is full when a test wants it to be."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Disk:
    """A small file system of its own.

    Attributes:
        folder: Where it is mounted.
    """

    folder: Path

    def fill(self, *, leave_bytes: int) -> None:
        """Take what is free, but for so much, with a file that has nothing to do with the server.

        Who writes there meanwhile may be quicker, and then it is full already.
        """
        status = os.statvfs(self.folder)
        try:
            (self.folder / "filler").write_bytes(bytes(status.f_bavail * status.f_frsize - leave_bytes))
        except OSError as exc:
            if exc.errno != errno.ENOSPC:
                raise

    def empty(self) -> None:
        """Give back what was taken."""
        (self.folder / "filler").unlink()

    def enlarge(self, megabytes: int) -> None:
        """Give it more room while it is in use, as the expansion of a volume does."""
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(self.folder)], check=True)


@contextmanager
def small_disk(folder: Path, megabytes: int = 16) -> Iterator[Disk]:
    """Mount one; skips the test where that is not permitted. Nothing may use it any more at the end."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        problem = mounted.stderr.strip() if mounted.returncode else ""
    except FileNotFoundError:
        problem = "there is no mount command"
    if problem:
        pytest.skip(f"A FULL DISK IS NOT REHEARSED: mounting a tmpfs is not permitted here ({problem})")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
