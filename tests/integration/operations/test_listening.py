"""Where the ports listen: at every address of the machine, IPv6 as well as IPv4, wherever it has them."""

import asyncio
import shutil
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from salesloft_webhooks.cli.commands.up.ports import choose_port, free_port
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.listening import listen
from salesloft_webhooks.simulator.platform import SimulatedPlatform

ASK_YOURSELF = """
import asyncio, socket, sys
from salesloft_webhooks.operations import OperationsServer
from salesloft_webhooks.settings import Settings

def answers(address, port):
    try:
        with socket.create_connection((address, port), timeout=5) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\\r\\nHost: probe\\r\\n\\r\\n")
            return connection.recv(12).decode()
    except OSError as exc:
        return type(exc).__name__

async def main():
    async with OperationsServer(Settings().host, 0, live=lambda: None, ready=lambda: None) as server:
        for address in ("127.0.0.1", "::1"):
            print(await asyncio.to_thread(answers, address, server.port))

asyncio.run(main())
"""
"""What the program does by default, asked over both families."""


def alone(*preparations: str) -> list[str]:
    """What `ASK_YOURSELF` prints in a network of its own, which these commands have prepared."""
    script = " && ".join(["ip link set lo up", *preparations, 'exec "$0" -c "$1"'])
    command = ["unshare", "--map-root-user", "--net", "sh", "-ec", script, sys.executable, ASK_YOURSELF]
    completed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return completed.stdout.split("\n")[:-1]


def networks_of_its_own() -> bool:
    """Whether this machine lets us make a network namespace, with both families in it."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    command = ["unshare", "--map-root-user", "--net", "sh", "-ec", "ip link set lo up && ip -6 addr show lo | grep ::1"]
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0


isolated = pytest.mark.skipif(not networks_of_its_own(), reason="NO NETWORK NAMESPACE: not allowed, or no IPv6")


@isolated
def test_both_families_are_served_by_default() -> None:
    """On a machine with both, a client of either is answered."""
    assert alone() == ["HTTP/1.1 200", "HTTP/1.1 200"]


@isolated
def test_a_machine_without_ipv4_is_served() -> None:
    """Without an IPv4 address, as in a pod of an IPv6 cluster, IPv6 is answered."""
    assert alone("ip -4 addr flush dev lo") == ["OSError", "HTTP/1.1 200"]


@isolated
def test_a_machine_without_ipv6_is_served() -> None:
    """With IPv6 switched off, IPv4 is answered."""
    off = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1"

    assert alone(off) == ["HTTP/1.1 200", "OSError"]


def test_without_ipv6_sockets_it_is_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel knows no IPv6, or cannot serve both by one socket, every IPv4 address is listened on."""
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)

    with listen(None, 0) as listening:
        assert listening.getsockname()[0] == "0.0.0.0"


@pytest.mark.parametrize("host", ["::", "::1"])
def test_a_port_is_chosen_at_an_ipv6_address(host: str) -> None:
    """`up --host ::` finds a free port there, and says when it is taken."""
    port = choose_port(host, free_port(host), purpose="webhooks", option="--port")

    with listen(host, port), pytest.raises(ConfigurationError, match="is taken"):
        choose_port(host, port, purpose="webhooks", option="--port")


@pytest.mark.parametrize(("host", "addresses"), [("::", ["127.0.0.1", "::1"]), ("::1", ["::1"])])
async def test_the_simulator_listens_on_both(host: str, addresses: list[str]) -> None:
    """With `::` the simulated SalesLoft is reached by IPv4 and by IPv6; the address it names is one that answers."""
    async with SimulatedPlatform(host=host) as platform:
        named = urlsplit(platform.url)
        for address in {*addresses, named.hostname}:
            _, writer = await asyncio.open_connection(address, named.port)
            writer.close()
            await writer.wait_closed()
