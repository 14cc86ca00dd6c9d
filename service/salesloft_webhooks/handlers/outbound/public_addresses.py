"""No request of ours reaches the inside of a network because somebody's DNS says so.

The name is resolved here, every address is checked, and the connection is made to an address that was checked: were
the name only looked at and then handed on, a second look-up could answer something else (DNS re-binding). The Host
header, the TLS server name and the certificate check still use the name.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx2

from salesloft_webhooks.errors import Unavailable

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""The addresses of a host; OSError if there are none."""

REFUSED_PAUSE_SECONDS = 60.0
_NAT64 = IPv6Network("64:ff9b::/96")


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Ask the system, which also reads every odd way of writing an address (``0x7f.1``, ``2130706433``)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A link-local address comes with its interface: fe80::1%eth0.
    return [ip_address(str(address[0]).partition("%")[0]) for *_, address in found]


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet: not private, loopback, link-local, shared, reserved, multicast.

    An IPv6 address that only wraps an IPv4 one (mapped, 6to4, Teredo, NAT64) is judged by the one inside.
    """
    if isinstance(address, IPv6Address):
        teredo = address.teredo
        inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


class CheckedTransport(httpx2.AsyncBaseTransport):
    """Connects to addresses that were resolved and checked here.

    Args:
        connect: Makes what opens connections, one for each host: connections are kept by address, and one that was
            opened for a name must not serve another, whose certificate was never looked at.
        allowed: Judges an address. One that is refused refuses the whole host, whatever its other addresses are.
        resolve: Finds a host's addresses.
    """

    def __init__(
        self,
        connect: Callable[[], httpx2.AsyncBaseTransport],
        *,
        allowed: Callable[[Address], bool] = is_public,
        resolve: Resolve = resolve,
    ) -> None:
        self._connect = connect
        self._inner: dict[str, httpx2.AsyncBaseTransport] = {}
        self._allowed = allowed
        self._resolve = resolve

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request to the first checked address that can be connected to.

        Raises:
            Unavailable: an address is refused. It may be the operator's mistake or an attack; no event's fault.
        """
        host = request.url.host
        inner = self._inner.get(host) or self._inner.setdefault(host, self._connect())
        problem: httpx2.ConnectError | httpx2.ConnectTimeout | None = None
        for address in await self._addresses(request):
            try:
                return await inner.handle_async_request(_pinned(request, address))
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as exc:
                problem = exc
        raise problem or httpx2.ConnectError("the host has no address", request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        for inner in self._inner.values():
            await inner.aclose()

    async def _addresses(self, request: httpx2.Request) -> Sequence[Address]:
        url = request.url
        try:
            addresses = await self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        except (OSError, UnicodeError) as exc:
            raise httpx2.ConnectError("the host's name cannot be resolved", request=request) from exc
        if not all(map(self._allowed, addresses)):
            raise Unavailable("the endpoint's address is not a public one: refused", after=REFUSED_PAUSE_SECONDS)
        return list(dict.fromkeys(addresses))


def _pinned(request: httpx2.Request, address: Address) -> httpx2.Request:
    """The request to that address, with Host header and TLS name as before."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    url = request.url.copy_with(host=str(address))
    return httpx2.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)
