"""Connections that are found out when they hang, keep their login fresh, and read certificates anew.

redis-py has a class for each way of connecting; `connection_class` makes one of each that adds what they lack:

- Connecting and logging in together have one short time limit. A frozen server accepts connections (its kernel does)
  and answers nothing; without the limit each would cost the far longer time a blocking command may take.
- Before a command on a living connection, a password that has become another one is told to the server (`login.py`).
- Certificates, keys and authorities are read at each connect, so that renewed files need no restart.
"""

import asyncio
from collections.abc import Iterable
from ssl import SSLContext
from typing import Any

from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from salesloft_webhooks.broker.connection.credentials import Credentials
from salesloft_webhooks.broker.connection.login import Login


class GuardedConnection(AbstractConnection):
    """What `connection_class` adds. First in the order of base classes, so that its methods come first."""

    login: Login | None
    _limit_seconds: float

    def _prepare(self, credentials: Credentials | None, seconds: float) -> None:
        self.credential_provider = credentials
        self.login = Login(credentials) if credentials else None
        self._limit_seconds = seconds

    async def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        """Log in, within the limit."""
        if self.login:
            self.login.begin()
        try:
            async with asyncio.timeout(self._limit_seconds):
                await super().on_connect_check_health(check_health=check_health)
        except TimeoutError:
            pass
        except AuthenticationError:
            if self.login:
                self.login.credentials.refused()
            raise
        else:
            return
        raise RedisTimeoutError("the server accepts connections and does not answer")

    async def send_packed_command(
        self,
        command: bytes | str | Iterable[bytes],
        check_health: bool = True,  # noqa: FBT001, FBT002 - redis-py's
    ) -> None:
        """Send a command; before it the new password, if there is one."""
        # While it logs in, what is sent here is the AUTH itself: nothing is due then.
        if self.login and self.is_connected and (secret := self.login.due()):
            await self._log_in(self.login, secret)
        try:
            await super().send_packed_command(command, check_health=check_health)
        except RuntimeError as exc:
            # uvloop's refusal of what is written to a connection that has ended, while redis-py waited for something.
            raise RedisConnectionError("Connection closed by server.") from exc

    async def _log_in(self, login: Login, secret: Iterable[str]) -> None:
        try:
            await self.send_command("AUTH", *secret, check_health=False)
            await self.read_response(disconnect_on_error=False)  # redis-py would take a refusal for the end
        except BaseException as exc:
            login.refused()
            if getattr(exc, "status_code", None) is None:  # no answer of the server, or we were cancelled
                await self.disconnect(nowait=True)
                raise

    def _connection_arguments(self) -> Any:
        context = getattr(self, "ssl_context", None)
        if context is not None:
            context.context = None  # built from the files once more
        return super()._connection_arguments()  # type: ignore[misc]


def connection_class(
    base: type[AbstractConnection], credentials: Credentials | None, seconds: float
) -> type[GuardedConnection]:
    """A class of connections.

    Args:
        base: redis-py's class for this way of connecting.
        credentials: How to log in; None: not at all.
        seconds: How long connecting and logging in may take together.
    """

    class Guarded(GuardedConnection, base):  # type: ignore[misc, valid-type]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._prepare(credentials, seconds)

    return Guarded


def network_base(*, tls: bool) -> type[Connection]:
    """The base for a server or a node of a cluster."""
    return SSLConnection if tls else Connection


def sentinel_base(*, tls: bool) -> type[Connection]:
    """The base for the primary that sentinels name."""
    return SentinelManagedSSLConnection if tls else SentinelManagedConnection


SOCKET = UnixDomainSocketConnection


def take_over(connection: AbstractConnection, protocol: asyncio.Protocol) -> asyncio.StreamWriter:
    """Let another protocol have the socket of a connection that is connected and idle; redis-py knows it no more.

    The only place that looks behind redis-py's connections. The writer is to be kept as long as the socket is used: it
    closes it when it is forgotten.

    Raises:
        RedisConnectionError: the server has closed it.
    """
    reader, writer = connection._reader, connection._writer  # noqa: SLF001 - a test tells when they change
    if reader is None or writer is None or reader.at_eof():
        raise RedisConnectionError("Connection closed by server.")
    connection._reader = connection._writer = None  # noqa: SLF001
    writer.transport.set_protocol(protocol)
    return writer


def load_certificate(certificate: str, key: str) -> None:
    """Try a client's certificate.

    Raises:
        OSError: a file cannot be read, or the two are no certificate with its key (`ssl.SSLError`).
    """
    import ssl  # noqa: PLC0415 - only with TLS

    SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)
