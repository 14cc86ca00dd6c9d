"""The operations port answers probes and scrapes, and nothing else."""

import asyncio
import socket

import pytest

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.operations import OperationsServer
from tests.support.http_client import Connection, Reply, exchange, request


class Role:
    """A role whose probes say what the test wants."""

    def __init__(self) -> None:
        self.live: str | None = None
        self.ready: str | None = None

    def server(self, host: str = "127.0.0.1", port: int = 0) -> OperationsServer:
        """Its operations port."""
        return OperationsServer(host, port, live=lambda: self.live, ready=lambda: self.ready)


async def ask(port: int, path: str, method: str = "GET") -> Reply:
    """One answer of the operations port, fetched from outside its event loop."""
    return await asyncio.to_thread(exchange, port, request(method, path))


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_probe_answers_ok_while_all_is_well(path: str) -> None:
    """Both probes are 200 ``ok`` as long as the role has no complaint."""
    async with Role().server() as server:
        reply = await ask(server.port, path)

    assert (reply.status, reply.body) == (200, b"ok\n")


async def test_the_probes_are_independent_and_say_why() -> None:
    """An unready role is still alive: only the probe whose question is answered badly is 503, with the reason."""
    role = Role()
    async with role.server() as server:
        role.ready = "the store does not answer"
        live, ready = await ask(server.port, "/livez"), await ask(server.port, "/readyz")
        role.live, role.ready = "stuck", None
        live_later, ready_later = await ask(server.port, "/livez"), await ask(server.port, "/readyz")

    assert (live.status, ready.status, ready.body) == (200, 503, b"the store does not answer\n")
    assert (live_later.status, live_later.body, ready_later.status) == (503, b"stuck\n", 200)


async def test_metrics_are_in_the_format_prometheus_reads() -> None:
    """`/metrics` names its exposition format once, in the content type, and carries samples."""
    async with Role().server() as server:
        reply = await ask(server.port, "/metrics")

    assert reply.status == 200
    assert reply.headers["content-type"].startswith(("text/plain; version=", "application/openmetrics-text; version="))
    assert reply.headers["content-type"].count("charset") == 1
    assert b"# TYPE " in reply.body


async def test_anything_else_is_404_or_405() -> None:
    """Unknown paths are not found, also with a slash too many, and nothing can be posted."""
    async with Role().server() as server:
        statuses = [(await ask(server.port, path)).status for path in ("/", "/livez/", "/docs", "/webhooks/salesloft")]
        posted = await ask(server.port, "/readyz", "POST")

    assert statuses == [404] * 4
    assert posted.status == 405


async def test_answers_do_not_name_the_software() -> None:
    """No ``Server`` header."""
    async with Role().server() as server:
        reply = await ask(server.port, "/livez")

    assert "server" not in reply.headers


async def test_a_port_in_use_is_a_configuration_error_that_names_the_setting() -> None:
    """Starting on a taken port fails with the setting and the reason, without a value, a traceback or an exit."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigurationError, match="OPS_PORT: cannot listen there on HOST: Address"):
            await Role().server(port=port).__aenter__()


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        pytest.param("192.0.2.1", "Cannot assign requested address", id="another machine's"),
        pytest.param("host.invalid", "not known|failure in name resolution|No address", id="unknown"),
        pytest.param("a" * 100, "no name of a host|not known", id="no-name"),
    ],
)
async def test_a_host_that_is_not_ours_is_a_configuration_error(host: str, reason: str) -> None:
    """So does starting on an address that does not exist here, or that cannot be looked up."""
    with pytest.raises(ConfigurationError, match=f"OPS_PORT: cannot listen there on HOST: .*({reason})"):
        await Role().server(host=host).__aenter__()


async def test_an_ipv6_wildcard_also_takes_ipv4() -> None:
    """``HOST=::`` serves clusters of either family."""
    async with Role().server(host="::") as server:
        reply = await ask(server.port, "/livez")

    assert reply.status == 200


async def test_the_port_is_free_after_the_end() -> None:
    """Leaving closes the port and the idle connections, so that a successor can start at once."""
    async with Role().server() as server:
        port = server.port
        idle = await asyncio.to_thread(Connection, port)
        await asyncio.to_thread(idle.send, request("GET", "/livez"))
        assert await asyncio.to_thread(idle.reply)

    with idle:
        assert await asyncio.to_thread(lambda: idle.closed_by_server)
    async with Role().server(port=port) as successor:
        assert (await ask(successor.port, "/livez")).status == 200
