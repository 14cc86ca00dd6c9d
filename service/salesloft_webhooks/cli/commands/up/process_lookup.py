"""Who on this machine holds what, so that a message can name the culprit. Empty where nobody can tell."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psutil import Process


def holders(path: str) -> list[str]:
    """Processes that have the file open: ``name (process 123)``."""
    return [_named(process) for process in _processes() if _has_open(process, path)]


def listeners(port: int) -> list[str]:
    """Processes that listen on a TCP port."""
    return [_named(process) for process in _processes() if _listens(process, port)]


def _processes() -> "Iterator[Process]":
    try:
        import psutil
    except ImportError:  # comes with the extra `embedded`, like the server that `up` runs
        return
    yield from psutil.process_iter(["name"])


def _has_open(process: "Process", path: str) -> bool:
    from psutil import Error

    with suppress(Error, OSError):  # processes end while we look, and those of other people do not let us
        return any(file.path == path for file in process.open_files())
    return False


def _listens(process: "Process", port: int) -> bool:
    from psutil import CONN_LISTEN, Error

    with suppress(Error, OSError):
        sockets = process.net_connections("tcp")
        return any(each.status == CONN_LISTEN and each.laddr.port == port for each in sockets)
    return False


def _named(process: "Process") -> str:
    return f"{process.info['name']} (process {process.pid})"
