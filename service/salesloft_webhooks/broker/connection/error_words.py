"""What went wrong with the store, in words that may stand anywhere.

The server's own words are kept, with their code (``OOM``, ``NOPERM``, ``MISCONF``, ...): an operator looks them up.
redis-py's words about connections are not: they name hosts, paths and whole clients, so only the cause is told. No
text has an address in it, because it may be read by whoever can ask the operations port.
"""

import os
import re
import ssl
from collections.abc import Iterator

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

_IP = r"\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})\]?(?::\d+)?"
_REDIRECTION = re.compile(r"\b(MOVED|ASK) (\d+) \S+")
_ADDRESS = re.compile(rf"(?<![\w.:\[]){_IP}(?![\w])")
_HOST_AND_PORT = re.compile(r"[\w.-]+:\d{1,5}\b")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|<.*>|/\S+")


class WordedConnectionError(RedisConnectionError):
    """A failure to connect whose message was made here and can be told as it is."""


def words(error: BaseException) -> str:
    """One line about a failure of the store."""
    for each in _chain(error):
        if isinstance(each, WordedConnectionError):
            return str(each)
        if code := getattr(each, "status_code", None):
            return without_addresses(f"{code} {str(each).removeprefix(f'{code} ')}")
        if isinstance(each, ResponseError):
            return without_addresses(str(each))
    return f"{type(error).__name__}: {_cause(error)}"


def without_addresses(text: str) -> str:
    """The server's words without an address in them."""
    return _ADDRESS.sub("...", _REDIRECTION.sub(r"\1 \2 ...", text))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, nearest first."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _cause(error: BaseException) -> str:
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"the server's certificate is refused: {_QUOTED.sub('...', each.verify_message)}"
        if isinstance(each, ssl.SSLError):
            return f"TLS: {(getattr(each, 'reason', None) or 'it failed').replace('_', ' ').lower()}"
        if isinstance(each, (TimeoutError, RedisTimeoutError)):
            return "no answer in time"
        if isinstance(each, OSError) and each.errno:
            return os.strerror(each.errno) if each.errno > 0 else str(each.strerror)
    text = str(error).partition("\n")[0]
    return _HOST_AND_PORT.sub("...", _QUOTED.sub("...", without_addresses(text))) or "no reason was given"
