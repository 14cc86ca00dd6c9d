"""Connects to PostgreSQL: several hosts, time-outs per host, certificates that were looked at beforehand."""

import asyncio
import os
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.database.address import Address

CONNECT_SECONDS = 10.0
"""Per host."""
COMMAND_SECONDS = 20.0
"""A server that vanished without a word must not hold up writes whose callers have long given up."""

_SYSTEM = "system"


class Connector:
    """Makes connections for SQLAlchemy's pool, which calls it with user, password and database.

    Hosts are tried in order, beginning with the one that would do last; a connection that is refused for its login is
    refused by the others too. asyncpg's own list has one time-out for all of it: an old primary that answers nothing
    any more would use it up.

    Args:
        address: Where to.
        command_seconds: Time-out of a statement, unless the address has another; None: none, whatever it says.

    Raises:
        ConfigurationError: a file of certificates cannot be used.
    """

    def __init__(self, address: Address, command_seconds: float | None) -> None:
        self._hosts = list(address.hosts)
        driver = dict(address.driver)
        self._fixed: dict[str, Any] = {"timeout": CONNECT_SECONDS, "command_timeout": command_seconds}
        self._fixed.update({name: value for name, value in address.numbers.items() if value or "timeout" not in name})
        if command_seconds is None:
            self._fixed["command_timeout"] = None
        self._fixed.setdefault("statement_cache_size", 0)
        self._fixed.pop("prepared_statement_cache_size", None)
        context = _system_authorities(driver) if driver.get("sslrootcert") == _SYSTEM else None
        if context is not None:
            self._fixed["ssl"] = context
        else:
            _check_files(driver)
        if driver:
            self._fixed["dsn"] = f"postgresql://?{urlencode(driver)}"

    async def __call__(self, **login: Any) -> Any:
        """A new connection to the first host that will do."""
        import asyncpg  # noqa: PLC0415 - loaded by SQLAlchemy where it is used

        login.pop("port", None)
        login.pop("host", None)
        failure: Exception | None = None
        for host in list(self._hosts):
            try:
                connection = await asyncpg.connect(host=host[0], port=host[1], **login, **self._fixed)
            except asyncpg.InvalidAuthorizationSpecificationError:
                raise
            except (OSError, asyncpg.PostgresError, asyncpg.TargetServerAttributeNotMatched) as exc:
                failure = exc
            else:
                self._hosts.remove(host)
                self._hosts.insert(0, host)
                return connection
            await asyncio.sleep(0)  # refused at once by every host, it must not keep the loop
        assert failure is not None, "there is at least one host"  # noqa: S101 - for the type checker
        raise failure


def _system_authorities(driver: dict[str, str]) -> ssl.SSLContext:
    if driver.pop("sslmode", "verify-full") != "verify-full":
        raise ConfigurationError("DATABASE_URL: sslrootcert=system needs sslmode=verify-full")
    driver.pop("sslrootcert")
    context = ssl.create_default_context()
    context.set_alpn_protocols(["postgresql"])
    if certificate := driver.pop("sslcert", None):
        _load(context, certificate, driver.pop("sslkey", None), driver.pop("sslpassword", ""))
    if revoked := driver.pop("sslcrl", None):
        _check_authorities("sslcrl", revoked, context)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    return context


def _check_files(driver: dict[str, str]) -> None:
    """The driver reads the files at each connection, so that new certificates count; a wrong one is said at once."""
    if driver.get("sslmode", "").startswith("verify-") and not ("sslrootcert" in driver or _has_usual_authorities()):
        raise ConfigurationError("DATABASE_URL: sslmode=verify-... needs sslrootcert: a file, or system")
    for name in ("sslrootcert", "sslcrl"):
        if file := driver.get(name):
            _check_authorities(name, file, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    if certificate := driver.get("sslcert"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load(context, certificate, driver.get("sslkey"), driver.get("sslpassword", ""))


def _has_usual_authorities() -> bool:
    """Where the driver looks when it is told nothing."""
    with suppress(RuntimeError, OSError):  # there need be no home
        return "PGSSLROOTCERT" in os.environ or Path.home().joinpath(".postgresql", "root.crt").exists()
    return False


def _check_authorities(name: str, file: str, context: ssl.SSLContext) -> None:
    try:
        context.load_verify_locations(cafile=file)
    except ssl.SSLError:
        problem = "holds no certificate"
    except OSError as exc:
        problem = f"cannot be read ({exc.strerror})"
    else:
        return
    # Raised outside the except blocks: the cause would carry a part of the address.
    raise ConfigurationError(f"DATABASE_URL: {name}: the file {problem}")


def _load(context: ssl.SSLContext, certificate: str, key: str | None, password: str) -> None:
    try:
        context.load_cert_chain(certificate, key, lambda: password)
    except ssl.SSLError:
        problem = "do not hold a certificate and its key"
    except OSError as exc:
        problem = f"cannot be read ({exc.strerror})"
    else:
        return
    raise ConfigurationError(f"DATABASE_URL: sslcert, sslkey: the files {problem}")
