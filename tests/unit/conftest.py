"""What makes `make fast` right: nothing in this folder can start a server."""

import pytest

from tests.support.role_process import RoleProcess
from tests.support.servers import Server

_SERVERS = {"shared_server", "shared_valkey", "own_server"}
_WHERE = "a test that needs a server stands in tests/integration, not in tests/unit"


@pytest.fixture(autouse=True)
def _no_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that starts one fails here, whichever fixture or helper it goes through, and is told where it belongs."""

    def refuse(_self: object, *_args: object, **_options: object) -> None:
        pytest.fail(_WHERE)

    monkeypatch.setattr(Server, "start", refuse)
    monkeypatch.setattr(RoleProcess, "_launch", refuse)
    if not _SERVERS.isdisjoint(request.fixturenames):
        pytest.fail(_WHERE)
