"""Addresses of the store and of the database."""

from salesloft_webhooks.broker.connection.addresses import OPTIONS, SCHEMES, parse_address
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.database import address
from tests.fuzz.bounds import SECRET, refusing
from tests.fuzz.search import Target, words_in

_PORTS = range(1, 65_536)


def _check_store(data: bytes) -> None:
    with refusing(ConfigurationError):
        found = parse_address(data.decode("utf-8", "surrogateescape"))
        assert all(host and port in _PORTS for host, port in found.hosts)
        assert bool(found.hosts) is not bool(found.path)
        assert found.database >= 0
        assert SECRET not in repr(found), "a password is shown"


def _check_database(data: bytes) -> None:
    with refusing(ConfigurationError):
        found = address.read_address(data.decode("utf-8", "surrogateescape"))
        assert all(port is None or port in range(65_536) for _, port in found.hosts)
        assert SECRET not in repr(found), "a password is shown"


_LOGIN = f"://user:{SECRET}@".encode()
ADDRESSES = Target(
    _check_store,
    ("salesloft_webhooks.broker.connection.addresses", "urllib.parse"),
    [
        *(name.encode() for name in (*SCHEMES, *OPTIONS)),
        _LOGIN,
        b"redis://",
        b"?",
        b"a:1,b:2",
        b"[::1]",
        b"%2F",
        b"/0",
        b"=1",
    ],
)
DATABASES = Target(
    _check_database,
    ("salesloft_webhooks.handlers.database.address", "urllib.parse", "sqlalchemy.engine.url"),
    [*words_in(address), _LOGIN, b"postgresql://", b"sqlite:///", b"&", b"=", b"a:1,b:2", b"[::1]", b"%40"],
)
