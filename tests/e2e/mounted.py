"""A mounted Kubernetes Secret, replaced as the kubelet replaces it."""

from itertools import count
from pathlib import Path


class MountedSecret:
    """A folder as the kubelet keeps it.

    The entries are links into ``..data``, which is a link to a folder with the time in its name. An update writes a new
    folder and swaps ``..data`` for a link to it, so that a reader sees all of the old or all of the new.
    """

    def __init__(self, folder: Path, **entries: str) -> None:
        self._folder = folder
        self._numbers = count()
        folder.mkdir()
        self.update(**entries)
        for name in entries:
            (folder / name).symlink_to(f"..data/{name}")

    def update(self, **entries: str) -> None:
        """Carry a change of the Secret to this pod."""
        current = self._folder / "..data"
        before = current.resolve() if current.exists() else None
        timestamped = self._folder / f"..2026_03_07_04_26_14.{next(self._numbers):09}"
        timestamped.mkdir()
        for name, value in entries.items():
            (timestamped / name).write_text(value)
        new = self._folder / "..data_tmp"
        new.symlink_to(timestamped.name)
        new.replace(current)
        if before is not None:
            for old in before.iterdir():
                old.unlink()
            before.rmdir()

    def path(self, name: str) -> str:
        """Where an entry is, as a setting wants it."""
        return str(self._folder / name)
