"""The forms of ``REDIS_URL``, read in one place.

=============================  ==================================================================================
a server                       ``redis://[user[:password]@][host][:port][/database]``, ``rediss://`` with TLS
a server on this machine       ``unix://[user[:password]@]/path/of/the/socket[?db=database]``
whom the sentinels name        ``redis+sentinel://[...@]host[:port],host[:port]/service[/database]``, ``rediss+...``
a cluster                      ``redis+cluster://[...@]host[:port],host[:port]``, ``rediss+cluster://`` with TLS
=============================  ==================================================================================

IPv6 addresses stand in brackets. What is special in a URL is written %-encoded in a user's name and password. Options
follow a ``?``, see `OPTIONS`. No message repeats any part of an address: each may be a misplaced password.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote, urlsplit

from salesloft_webhooks.errors import ConfigurationError

REDIS_PORT = 6379
SENTINEL_PORT = 26379
LONGEST_NUMBER = 9
"""Digits: of a database or an option. Of more than 4,300 Python makes no number at all."""


class Kind(StrEnum):
    """What is behind an address."""

    SERVER = "server"
    """One server, or a name that leads to one."""
    SOCKET = "socket"
    """A server on this machine, through a Unix domain socket."""
    SENTINEL = "sentinel"
    """Sentinels, which know where the primary is."""
    CLUSTER = "cluster"
    """Some nodes of a Redis Cluster."""


SCHEMES: Mapping[str, tuple[Kind, bool]] = MappingProxyType(
    {
        "redis": (Kind.SERVER, False),
        "rediss": (Kind.SERVER, True),
        "unix": (Kind.SOCKET, False),
        "redis+sentinel": (Kind.SENTINEL, False),
        "rediss+sentinel": (Kind.SENTINEL, True),
        "redis+cluster": (Kind.CLUSTER, False),
        "rediss+cluster": (Kind.CLUSTER, True),
    }
)
"""What a scheme means, and whether it uses TLS."""


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise ValueError
    return int(text)


def _truth(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]


def _requirement(text: str) -> str:
    return {"none": "none", "optional": "optional", "required": "required"}[text]


OPTIONS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "client_name": str,
        "db": _whole,
        "health_check_interval": _whole,
        "max_connections": _whole,
        "protocol": _whole,
        "ssl_cert_reqs": _requirement,
        "ssl_check_hostname": _truth,
    }
)
"""What may follow a ``?``: parameters of redis-py's connections. Time-outs and repeats are none, they are settings."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the store is.

    Attributes:
        kind: What is there.
        tls: Whether to speak TLS with it.
        hosts: Names or IP addresses (without brackets) and ports; several of sentinels and clusters.
        path: Of a socket.
        service: The name under which sentinels know the primary.
        database: Its number; 0 in a cluster.
        username: To log in with; None: not in the address.
        password: To log in with; None: not in the address.
        options: By the names of `OPTIONS`.
    """

    kind: Kind
    tls: bool
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = field(default="", repr=False)
    service: str = ""
    database: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


def parse_address(url: str) -> Address:
    """Read a ``REDIS_URL``.

    Raises:
        ConfigurationError: it has none of the forms above. The message says which part is wrong, without it.
    """
    scheme, separator, rest = url.strip().partition("://")  # a secret often ends with a line break
    if not separator or scheme not in SCHEMES:
        raise ConfigurationError(f"REDIS_URL must begin with one of {', '.join(f'{name}://' for name in SCHEMES)}")
    kind, tls = SCHEMES[scheme]
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    login, _, hosts = authority.rpartition("@")
    username, _, password = login.partition(":")
    options = _options(query)
    by_option = options.pop("db", None)
    written = path if by_option is None or kind is Kind.SENTINEL else str(by_option)
    return Address(
        kind,
        tls,
        hosts=_hosts(hosts, kind),
        path=_socket(slash + path) if kind is Kind.SOCKET else "",
        service=_service(path) if kind is Kind.SENTINEL else "",
        database=_database(written, kind, by_option),
        username=unquote(username) or None,
        password=unquote(password) or None,
        options=options,
    )


def _hosts(text: str, kind: Kind) -> tuple[tuple[str, int], ...]:
    if kind is Kind.SOCKET:
        if text:
            raise ConfigurationError("REDIS_URL: unix:// needs an absolute path: unix:///path/of/the/socket")
        return ()
    if kind is Kind.SERVER:
        if "," in text:
            raise ConfigurationError("REDIS_URL: several hosts need redis+sentinel:// or redis+cluster://")
        text = f"localhost{text}" if not text or text.startswith(":") else text
    port = SENTINEL_PORT if kind is Kind.SENTINEL else REDIS_PORT
    return tuple(_host(part.strip(), port) for part in text.split(","))


def _host(text: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    # Outside the except block: Python's own error repeats the text, and must not hang on to ours. What is behind a `#`,
    # and what is not printable, is passed over there without a word, or fails in the middle of a connection.
    if not host or parts.path or port == 0 or parts.fragment or not unquote(host).isprintable():
        raise ConfigurationError("REDIS_URL: a host is written host, host:port, [IPv6] or [IPv6]:port")
    return unquote(host), port or default_port


def _socket(path: str) -> str:
    if path in ("", "/"):
        raise ConfigurationError("REDIS_URL: unix:// needs an absolute path: unix:///path/of/the/socket")
    return unquote(path)


def _service(path: str) -> str:
    service = unquote(path.partition("/")[0])
    if not service:
        raise ConfigurationError("REDIS_URL: redis+sentinel:// needs the service's name: host:port,host:port/name/db")
    return service


def _database(path: str, kind: Kind, by_option: object) -> int:
    if kind is Kind.SENTINEL:
        path = str(by_option) if by_option is not None else path.partition("/")[2]
    if kind is Kind.SOCKET and by_option is None:
        return 0
    path = path.removesuffix("/")
    if path and not (path.isascii() and path.isdigit() and len(path) <= LONGEST_NUMBER):
        raise ConfigurationError("REDIS_URL: the database after the last / is a whole number")
    if kind is Kind.CLUSTER and int(path or 0):
        raise ConfigurationError("REDIS_URL: a cluster has no database but 0")
    return int(path or 0)


def _options(query: str) -> dict[str, object]:
    return dict(_option(name, value) for name, value in parse_qsl(query, keep_blank_values=True))


def _option(name: str, value: str) -> tuple[str, object]:
    if name not in OPTIONS:
        raise ConfigurationError(f"REDIS_URL: an option is none of {', '.join(OPTIONS)}")
    try:
        return name, OPTIONS[name](value)
    except (ValueError, KeyError):
        pass
    raise ConfigurationError(f"REDIS_URL: the option {name} has a value that it cannot have")
