"""What is told about a failure has the server's words, and no address."""

import socket
import ssl
from collections.abc import Callable

import pytest
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException
from redis.exceptions import TimeoutError as RedisTimeoutError

from salesloft_webhooks.broker.connection.error_words import words


def answered(line: str) -> Exception:
    """The exception redis-py makes of an error reply."""
    error: Exception = BaseParser.parse_error(line)  # type: ignore[no-untyped-call]
    return error


def chained(error: Exception, cause: Exception) -> Exception:
    """``error``, raised while ``cause`` was handled."""
    error.__context__ = cause
    return error


CASES: dict[str, tuple[Callable[[], Exception], str]] = {
    "oom": (
        lambda: answered("OOM command not allowed when used memory > 'maxmemory'."),
        "OOM command not allowed when used memory > 'maxmemory'.",
    ),
    "noreplicas": (
        lambda: answered("NOREPLICAS Not enough good replicas to write."),
        "NOREPLICAS Not enough good replicas to write.",
    ),
    "noperm": (
        lambda: answered("NOPERM User me has no permissions to run the 'xadd' command"),
        "NOPERM User me has no permissions to run the 'xadd' command",
    ),
    "wrongpass": (
        lambda: answered("WRONGPASS invalid username-password pair or user is disabled."),
        "WRONGPASS invalid username-password pair or user is disabled.",
    ),
    "script": (
        lambda: answered("ERR oops script: 7f2, on @user_script:35."),
        "ERR oops script: 7f2, on @user_script:35.",
    ),
    "moved": (lambda: answered("MOVED 3999 store-2.internal:6381"), "MOVED 3999 ..."),
    "address in words": (lambda: answered("ERR ask 10.0.0.7:6379 or [2001:db8::7]:6379"), "ERR ask ... or ..."),
    "refused": (
        lambda: chained(
            RedisConnectionError("Error 111 connecting to store:6379. Connect call failed."),
            ConnectionRefusedError(111, "Connect call failed ('10.0.0.7', 6379)"),
        ),
        "ConnectionError: Connection refused",
    ),
    "unknown name": (
        lambda: chained(
            RedisConnectionError("Error -2 connecting to store:6379."),
            socket.gaierror(-2, "Name or service not known"),
        ),
        "ConnectionError: Name or service not known",
    ),
    "time-out": (
        lambda: RedisTimeoutError("Timeout reading from store:6379"),
        "TimeoutError: no answer in time",
    ),
    "closed": (
        lambda: RedisConnectionError("Connection closed by server."),
        "ConnectionError: Connection closed by server.",
    ),
    "client in words": (
        lambda: RedisConnectionError("<redis.Redis(<Pool(host=store,port=6379)>)> - it failed at store:6379"),
        "ConnectionError: ... - it failed at ...",
    ),
    "cluster": (
        lambda: RedisClusterException("Redis Cluster cannot be connected: Timeout connecting to 10.0.0.7:7000"),
        "RedisClusterException: Redis Cluster cannot be connected: Timeout connecting to ...",
    ),
    "tls": (
        lambda: chained(RedisConnectionError("Error 1 connecting to store:6379."), ssl.SSLError(1, "it failed")),
        "ConnectionError: TLS: it failed",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_words(case: str) -> None:
    """The code and the words of the server stay; hosts, ports, paths and clients do not."""
    make, told = CASES[case]

    found = words(make())

    assert found == told
    assert not any(part in found for part in ("store", "10.0.0.7", "2001", "6379", "6381", "host="))
