"""`DATABASE_URL` as people paste it, translated into what the drivers understand.

PostgreSQL's own tools, hosting services and ORMs write addresses with libpq's parameters (``?sslmode=require``);
asyncpg takes some of them under other names, some only inside an address of its own, and passes the rest on to the
server, which refuses the connection. Everything is decided here, before anything connects: what we know is translated,
what asks for what happens anyway is dropped, everything else is refused. No message shows a part of the address: it is
a secret, and what looks like the name of a parameter may be a piece of a password.

=====================================  =============================================================================
parameters                             become
=====================================  =============================================================================
``ssl*``, ``passfile``, ``service``,   asyncpg's own, which give them libpq's meaning: ``sslmode=require`` checks the
``krbsrvname``, ``gsslib``             server's certificate only when there is an ``sslrootcert``
``sslrootcert=system``                 the system's authorities; the mode is then ``verify-full``, as in libpq
``application_name``, ``options``      settings of the session
``connect_timeout``                    seconds per host
``target_session_attrs``               which of several hosts will do; default with several: one that can be written to
``*statement_cache*``                  the drivers' caches, both off by default: behind PgBouncer a prepared statement
                                       is on another connection the next time
=====================================  =============================================================================
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from urllib.parse import parse_qsl, unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from salesloft_webhooks.errors import ConfigurationError

Hosts = tuple[tuple[str | None, int | None], ...]
"""Names (or folders of sockets) and ports, in the order in which they are tried; None: what the driver finds."""

_SQLITE = ("sqlite", "sqlite+aiosqlite")
_POSTGRESQL = ("postgres", "postgresql", "postgresql+asyncpg")
_EXPECTED = "expected postgresql://user:password@host/name or sqlite:///file"

_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_DRIVER = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslrootcert": (),
    "sslcert": (),
    "sslkey": (),
    "sslpassword": (),
    "sslcrl": (),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": _TLS_VERSIONS,
    "ssl_max_protocol_version": _TLS_VERSIONS,
    "target_session_attrs": ("any", "read-write", "primary"),  # the others choose a server that cannot be written to
    "krbsrvname": (),
    "gsslib": ("gssapi",),
    "passfile": (),
    "service": (),
    "application_name": (),
    "options": (),
}
"""What asyncpg reads from an address of its own; with the values that it and we can do anything with."""

_ALIASES = {"ssl": "sslmode", "fallback_application_name": "application_name", "dbname": "database"}
_TARGET_PARTS = ("host", "port", "user", "password", "database")
_SECONDS = {"connect_timeout": "timeout", "timeout": "timeout", "command_timeout": "command_timeout"}
_NUMBERS = (
    "statement_cache_size",
    "prepared_statement_cache_size",
    "max_cached_statement_lifetime",
    "max_cacheable_statement_size",
)
_ALWAYS_SO = {
    "channel_binding": ("disable", "prefer"),
    "client_encoding": ("auto", "utf8", "utf-8"),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable",),
    "replication": ("0", "false", "off", "no"),
    "sslcertmode": ("allow",),
    "sslcompression": ("0",),
    "sslsni": ("1",),
}
"""Parameters of libpq the driver has no name for, with the values that ask for what happens anyway."""

_UNSUPPORTED = (
    *("hostaddr", "require_auth", "requirepeer", "sslcrldir", "gssdelegation", "tcp_user_timeout"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    *("min_protocol_version", "max_protocol_version", "requiressl"),
    *("pgbouncer", "schema", "currentSchema", "connection_limit", "pool_timeout"),  # of Prisma and JDBC
)
"""Known to others, and nothing we could obey."""

_KNOWN = (*_DRIVER, *_ALIASES, *_TARGET_PARTS, *_SECONDS, *_NUMBERS, *_ALWAYS_SO, *_UNSUPPORTED)
_SQLITE_PARAMETERS = ("timeout", "cached_statements", "uri", "mode", "cache", "nolock", "immutable", "psow", "vfs")
_PARTS = re.compile(
    r"(?:(?P<user>[^:/@]*)(?::(?P<password>[^@]*))?@)?(?P<hosts>[^/?]*)(?:/(?P<name>[^?]*))?(?:\?(.*))?"
)
_LAST_PORT = 65_535
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")
_HOST = re.compile(r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[0-9]{1,5})?)?")


@dataclass(frozen=True)
class Address:
    """Where a database is and how to connect to it.

    Attributes:
        url: For SQLAlchemy, without parameters where it is PostgreSQL's.
        hosts: PostgreSQL's; empty for SQLite.
        driver: What asyncpg reads from an address of its own (`_DRIVER`).
        numbers: Time-outs in seconds and sizes of caches, by their names in the drivers.
    """

    url: URL
    hosts: Hosts = ()
    driver: Mapping[str, str] = field(default_factory=dict, repr=False)
    numbers: Mapping[str, float] = field(default_factory=dict)


def read_address(url: str) -> Address:
    """Translate `DATABASE_URL`.

    Raises:
        ConfigurationError: it cannot be read or asks for something nobody can do. Its text never shows a part of it.
    """
    scheme, separator, rest = url.strip().partition("://")
    if _NO_TEXT.search(unquote(rest)):  # each driver has an error of its own for it, which shows the address
        raise ConfigurationError("DATABASE_URL: has bytes that are no UTF-8, or are null")
    if separator and scheme in _SQLITE:
        return _sqlite(rest)
    if separator and scheme in _POSTGRESQL:
        return _postgresql(rest)
    raise ConfigurationError(f"DATABASE_URL: {_EXPECTED}")


def _sqlite(rest: str) -> Address:
    try:
        parsed = make_url(f"sqlite+aiosqlite://{rest}")
        if not set(parsed.query) <= set(_SQLITE_PARAMETERS):
            raise ConfigurationError(f"DATABASE_URL: an SQLite file takes {', '.join(_SQLITE_PARAMETERS)} only")
        for name in ("timeout", "cached_statements"):
            _number(name, str(parsed.query.get(name, 1)))
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.host:
        raise ConfigurationError("DATABASE_URL: expected sqlite:///file or, from the root, sqlite:////folder/file")
    return Address(parsed)


def _postgresql(rest: str) -> Address:
    match = _PARTS.fullmatch(rest)
    if match is None:
        raise ConfigurationError(f"DATABASE_URL: {_EXPECTED}")
    user, password, hosts, database, query = match.groups()
    target = {"user": user, "password": password, "database": database}
    target = {name: unquote(value) for name, value in target.items() if value}
    driver: dict[str, str] = {}
    numbers: dict[str, float] = {}
    for number, (name, value) in enumerate(parse_qsl(query or ""), 1):
        _classify(number, _ALIASES.get(name, name), value, (target, driver, numbers))
    found = _hosts(hosts or target.get("host", ""), target.get("port", ""))
    if len(found) > 1:
        driver.setdefault("target_session_attrs", "read-write")
    (host, port), *others = found
    shown = URL.create(
        "postgresql+asyncpg",
        target.get("user"),
        target.get("password"),
        None if others else host,
        None if others else port,
        target.get("database"),
    )
    return Address(shown, found, driver, numbers)


def _classify(
    number: int, name: str, value: str, into: tuple[dict[str, str], dict[str, str], dict[str, float]]
) -> None:
    """Put one parameter where it belongs."""
    target, driver, numbers = into
    if name in _TARGET_PARTS:
        target[name] = f"{target[name]},{value}" if name == "host" and name in target else value
    elif name in _DRIVER:
        allowed = _DRIVER[name]
        if allowed and value not in allowed:
            raise ConfigurationError(f"DATABASE_URL: {name}: expected {', '.join(allowed)}")
        driver[name] = value
    elif name in _SECONDS or name in _NUMBERS:
        numbers[_SECONDS.get(name, name)] = _number(name, value)
    elif name in _ALWAYS_SO:
        if value.lower() not in _ALWAYS_SO[name]:
            raise ConfigurationError(f"DATABASE_URL: {name}: the driver can only do {', '.join(_ALWAYS_SO[name])}")
    elif name in _UNSUPPORTED:
        raise ConfigurationError(f"DATABASE_URL: {name} is nothing the driver can do; take it out")
    else:
        near = get_close_matches(name, _KNOWN, 1)
        meant = f" (is {near[0]} meant?)" if near else ""
        raise ConfigurationError(
            f"DATABASE_URL: parameter {number} is not known{meant}; settings of the session go into options=-c..."
        )


def _number(name: str, value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value) or (name in _NUMBERS and "." in value):
        raise ConfigurationError(f"DATABASE_URL: {name}: expected a number")
    return int(value) if name in _NUMBERS else float(value)


def _hosts(text: str, ports: str) -> Hosts:
    """``a:1,b``, ``[::1]:5432`` or a folder; ports written apart are one for all or one for each."""
    if "@" in text:  # it would be looked up as a name, and stand in the logs of the network
        raise ConfigurationError("DATABASE_URL: an @ in the user or the password is written %40")
    port_list = ports.split(",") if ports else [""]
    names = text.split(",")
    if len(port_list) == 1:
        port_list *= len(names)
    matches = [_HOST.fullmatch(each) for each in names]
    if (
        len(port_list) != len(names)
        or not all(matches)
        or not all(port == "" or port.isdecimal() for port in port_list)
    ):
        raise ConfigurationError("DATABASE_URL: hosts: expected host, host:port or [IPv6]:port, separated by commas")
    found = []
    for match, port in zip(matches, port_list, strict=True):
        assert match is not None  # noqa: S101 - for the type checker
        number = match["port"] or port
        name = unquote(match["ipv6"] or match["name"])
        if number and int(number) > _LAST_PORT:
            raise ConfigurationError(f"DATABASE_URL: hosts: a port is at most {_LAST_PORT}")
        if not name and len(names) > 1:
            raise ConfigurationError("DATABASE_URL: hosts: one of several is empty")
        found.append((name or None, int(number) if number else None))
    return tuple(found)
