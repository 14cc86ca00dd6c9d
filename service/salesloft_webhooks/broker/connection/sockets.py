"""Connections that are found out when they hang, keep their login fresh, and read certificates anew.

redis-py has a class for each way of connecting; `connection_class` makes one of each that adds what they lack:

- Connecting and logging in together have one short time limit. A frozen server accepts connections (its kernel does)
  and answers nothing; without the limit each would cost the far longer time a blocking command may take.
- Before a command on a living connection, a password that has become another one is told to the server (AUTH). A server
  that does not know it yet leaves the connection as it is, and is told again later.
- Certificates, keys and authorities are read at each connect, so that renewed files need no restart.
"""

import asyncio
import time
from collections.abc import Iterable
from ssl import SSLContext
from typing import Any

from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.exceptions import AuthenticationError
from redis.exceptions import TimeoutError as RedisTimeoutError

from salesloft_webhooks.broker.connection.credentials import Credentials

OLD = -1
"""In place of a password's number: one that the file does not have any more."""
LOGIN_RETRY_SECONDS = 1.0
"""Before a refused new password is told again on a living connection."""


def connection_class(
    base: type[AbstractConnection], credentials: Credentials | None, seconds: float
) -> type[AbstractConnection]:
    """A class of connections.

    Args:
        base: redis-py's class for this way of connecting.
        credentials: How to log in; None: not at all.
        seconds: How long connecting and logging in may take together.
    """

    class GuardedConnection(_GuardedConnection, base):  # type: ignore[misc, valid-type]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._prepare(credentials, seconds)

    return GuardedConnection


def network_base(*, tls: bool) -> type[Connection]:
    """The base for a server or a node of a cluster."""
    return SSLConnection if tls else Connection


def sentinel_base(*, tls: bool) -> type[Connection]:
    """The base for the primary that sentinels name."""
    return SentinelManagedSSLConnection if tls else SentinelManagedConnection


SOCKET = UnixDomainSocketConnection


class _GuardedConnection(AbstractConnection):
    """What `connection_class` adds. First in the order of base classes, so that its methods come first."""

    _credentials: Credentials | None
    _login_number: int
    _next_login: float
    _limit_seconds: float

    def _prepare(self, credentials: Credentials | None, seconds: float) -> None:
        self._credentials = self.credential_provider = credentials
        self._login_number = 0
        self._next_login = 0.0
        self._limit_seconds = seconds

    async def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        """Log in, within the limit."""
        credentials = self._credentials
        if credentials:
            number = credentials.refresh(now=True)
            self._login_number = OLD if credentials.falling_back else number
            self._next_login = time.monotonic() + LOGIN_RETRY_SECONDS
        try:
            async with asyncio.timeout(self._limit_seconds):
                await super().on_connect_check_health(check_health=check_health)
        except TimeoutError:
            pass
        except AuthenticationError:
            if credentials:
                credentials.refused()
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
        if self._credentials and self.is_connected:
            number = self._credentials.refresh()
            if number != self._login_number and time.monotonic() >= self._next_login:
                self._next_login = time.monotonic() + LOGIN_RETRY_SECONDS
                await self._log_in(self._credentials, number)
        await super().send_packed_command(command, check_health=check_health)

    async def _log_in(self, credentials: Credentials, number: int) -> None:
        before, self._login_number = self._login_number, number  # for the AUTH itself, which also passes here
        try:
            await self.send_command("AUTH", *credentials.newest, check_health=False)
            await self.read_response(disconnect_on_error=False)  # redis-py would take a refusal for the end
        except BaseException as exc:
            self._login_number = before
            if getattr(exc, "status_code", None) is None:  # no answer of the server, or we were cancelled
                await self.disconnect(nowait=True)
                raise

    def _connection_arguments(self) -> Any:
        context = getattr(self, "ssl_context", None)
        if context is not None:
            context.context = None  # built from the files once more
        return super()._connection_arguments()  # type: ignore[misc]


def load_certificate(certificate: str, key: str) -> None:
    """Try a client's certificate.

    Raises:
        OSError: a file cannot be read, or the two are no certificate with its key (`ssl.SSLError`).
    """
    import ssl  # noqa: PLC0415 - only with TLS

    SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)
