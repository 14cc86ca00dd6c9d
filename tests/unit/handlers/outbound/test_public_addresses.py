"""Which addresses are of the open internet, and that a checked address is the one connected to."""

from collections.abc import Sequence
from ipaddress import ip_address

import httpx2
import pytest

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.outbound.public_addresses import Address, CheckedTransport, is_public, resolve

PUBLIC = ip_address("93.184.215.14")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ],
)
def test_addresses_inside_a_network_are_not_public(address: str) -> None:
    """Also not when an IPv6 address wraps them."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14", "64:ff9b::93.184.215.14"]
)
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    """Also when wrapped."""
    assert is_public(ip_address(address))


class Recorder(httpx2.AsyncBaseTransport):
    """Answers 200 and remembers what it was asked; the first `unreachable` hosts refuse the connection."""

    def __init__(self, *unreachable: str) -> None:
        self.requests: list[httpx2.Request] = []
        self.unreachable = unreachable

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Remember."""
        self.requests.append(request)
        if request.url.host in self.unreachable:
            raise httpx2.ConnectError("refused", request=request)
        return httpx2.Response(200)


def resolving(*answers: Sequence[Address]) -> CheckedTransport:
    """A transport whose look-ups are answered one after the other."""
    remaining = list(answers)

    async def look_up(_host: str, _port: int) -> Sequence[Address]:
        return remaining.pop(0)

    return CheckedTransport(lambda: Recorder("93.184.215.14"), resolve=look_up)


async def test_the_checked_address_is_connected_to_under_the_hosts_name() -> None:
    """The request goes to the address; Host header and TLS name are still the name."""
    recorder = Recorder()

    async def look_up(host: str, port: int) -> Sequence[Address]:
        assert (host, port) == ("hooks.example.com", 443)
        return [PUBLIC]

    async with httpx2.AsyncClient(transport=CheckedTransport(lambda: recorder, resolve=look_up)) as client:
        await client.post("https://hooks.example.com/in?x=1", content=b"body")

    (request,) = recorder.requests
    assert str(request.url) == "https://93.184.215.14/in?x=1"
    assert request.headers["host"] == "hooks.example.com"
    assert request.extensions["sni_hostname"] == "hooks.example.com"


async def test_one_private_address_refuses_the_host() -> None:
    """A name with a public and a private address is an attack or a mistake; neither is connected to."""
    transport = resolving([PUBLIC, ip_address("10.0.0.1")])

    async with httpx2.AsyncClient(transport=transport) as client:
        with pytest.raises(Unavailable):
            await client.post("https://hooks.example.com")


async def test_a_name_that_is_bound_anew_is_refused() -> None:
    """Every request resolves once and is judged by that very answer (DNS re-binding)."""
    transport = resolving([ip_address("93.184.215.15")], [ip_address("127.0.0.1")])

    async with httpx2.AsyncClient(transport=transport) as client:
        assert (await client.post("https://hooks.example.com")).status_code == 200
        with pytest.raises(Unavailable):
            await client.post("https://hooks.example.com")


async def test_the_next_address_is_tried_when_one_cannot_be_connected_to() -> None:
    """A host with several addresses is as reachable as its best one."""
    transport = resolving([PUBLIC, ip_address("93.184.215.15")])

    async with httpx2.AsyncClient(transport=transport) as client:
        assert (await client.post("https://hooks.example.com")).status_code == 200


async def test_a_name_without_an_address_is_a_failed_connection() -> None:
    """As it would be without the check."""
    async with httpx2.AsyncClient(transport=resolving([])) as client:
        with pytest.raises(httpx2.ConnectError):
            await client.post("https://hooks.example.com")


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.0.0.1", "2130706433"])
async def test_the_systems_odd_spellings_of_loopback_are_seen_through(host: str) -> None:
    """What is checked is what the system resolves, not how it is written."""
    assert not any(is_public(address) for address in await resolve(host, 80))
