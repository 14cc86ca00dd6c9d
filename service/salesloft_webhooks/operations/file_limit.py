"""How many files, connections included, the process may open."""

import resource

RESERVED_FILES = 128
"""Kept for everything that is not a connection from outside: the store's connections, key files, exporters."""


def raise_file_limit() -> None:
    """Raise the soft limit of open files to the hard one.

    The soft limit is 1,024 in many places, for the sake of programs that call `select`; nothing here does.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # macOS says "unlimited" and means less; then it stays as it is
        return


def connection_limit() -> int:
    """How many connections from outside the process can have beside everything else it needs files for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return 1_000_000
    return max(soft - RESERVED_FILES, soft // 2)
