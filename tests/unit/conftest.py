"""`make fast` runs this folder: nothing in it may need a server."""

from pathlib import Path

import pytest

from tests.support.servers import Server

_STARTS_A_SERVER = frozenset({"server", "shared_server", "valkey", "shared_valkey", "own_server"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test of this folder that asks for a server, before any test runs."""
    for item in items:
        if isinstance(item, pytest.Function) and Path(__file__).parent in item.path.parents:
            starts = _STARTS_A_SERVER & set(item.fixturenames)
            if starts or Server in vars(item.module).values():
                raise pytest.UsageError(f"{item.nodeid} needs a server: its place is tests/integration")
