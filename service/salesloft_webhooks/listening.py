"""Sockets that listen, for IPv4 and IPv6 alike."""

import socket

BOTH, IPV4_ONLY = "::", "0.0.0.0"


def listen(host: str | None, port: int, *, backlog: int | None = None) -> socket.socket:
    """A socket that listens.

    Args:
        host: Address, or name of one. With a colon it is IPv6, and ``::`` takes IPv4 as well. None: every address of
            the machine, of both families if it has both.
        port: The port; 0 takes a free one.
        backlog: Connections that wait to be accepted; the system's own number by default.

    Raises:
        OSError: there is no such address here, it is taken, or its name cannot be looked up.
        ValueError: it is no name.
    """
    dual_stack = socket.has_dualstack_ipv6()
    if host is None:
        host = BOTH if dual_stack else IPV4_ONLY
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = dual_stack and family is socket.AF_INET6
    return socket.create_server((host, port), family=family, backlog=backlog, dualstack_ipv6=both)


def reachable(host: str) -> str:
    """How a client of this machine addresses what listens at ``host``, as URLs have it."""
    if host in {BOTH, IPV4_ONLY}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
