"""Who on this machine holds what: looked up in /proc, so that a message can name the culprit. Linux only."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

LISTENING = "0A"
"""State of a listening socket in /proc/net/tcp."""


def holders(targets: Collection[str]) -> list[str]:
    """Processes that have one of the files or sockets open: ``name (process 123)``. Empty where nobody can tell."""
    return list(_holders(targets)) if targets else []


def _holders(targets: Collection[str]) -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        # Processes end while we look, and those of other people do not let us.
        with suppress(OSError):
            if any(str(descriptor.readlink()) in targets for descriptor in (process / "fd").iterdir()):
                yield f"{(process / 'comm').read_text(encoding='utf-8').strip()} (process {process.name})"


def listeners(port: int) -> list[str]:
    """Processes that listen on a TCP port."""
    inodes = [inode for table in ("tcp", "tcp6") for inode in _listening(Path("/proc/net", table), port)]
    return holders({f"socket:[{inode}]" for inode in inodes})


def _listening(table: Path, port: int) -> list[str]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return []
    rows = (line.split() for line in lines)
    return [row[9] for row in rows if row[3] == LISTENING and int(row[1].rpartition(":")[2], 16) == port]
