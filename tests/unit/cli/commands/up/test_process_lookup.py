"""Who holds a file or a port is named where that can be known."""

import os
import socket
import sys
from pathlib import Path

import pytest

from salesloft_webhooks.cli.commands.up.process_lookup import holders, listeners


def test_whoever_has_a_file_open_is_named(tmp_path: Path) -> None:
    """A process is named while it has the file open, and no longer."""
    path = tmp_path / "processes.lock"

    with path.open("w"):
        while_open = holders(str(path))

    assert [name.partition(" ")[2] for name in while_open] == [f"(process {os.getpid()})"]
    assert holders(str(path)) == []


def test_a_port_that_is_only_used_has_no_listener() -> None:
    """A connection to a port is no listener on its own side's port."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert len(listeners(server.getsockname()[1])) == 1
        assert listeners(client.getsockname()[1]) == []


def test_without_psutil_nobody_is_named(tmp_path: Path) -> None:
    """It comes with the extra `embedded`; messages do without names where it is not."""
    path = tmp_path / "processes.lock"

    with path.open("w"), pytest.MonkeyPatch.context() as patch:  # fixtures that end later need it themselves
        patch.setitem(sys.modules, "psutil", None)
        assert holders(str(path)) == []
