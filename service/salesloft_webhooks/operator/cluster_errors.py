"""Whatever can go wrong between us and Kubernetes, as errors of our tree.

The client raises more than it says: the constructor of its own error reads the body as JSON and fails on a proxy's
HTML, or on an answer without a content type; lines of a watch may be cut; a token's file may be gone for a moment.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import msgspec
from lightkube.core.exceptions import ApiError, ConfigError

from salesloft_webhooks.errors import (
    ClusterConflict,
    ClusterError,
    ClusterForbidden,
    ClusterNotFound,
    ClusterRefused,
    ClusterUnavailable,
    SalesloftWebhooksError,
)

LONGEST_WORDS = 300
_KINDS: dict[int, type[ClusterError]] = {
    401: ClusterForbidden,
    403: ClusterForbidden,
    404: ClusterNotFound,
    409: ClusterConflict,
    410: ClusterNotFound,
}
_LATER = frozenset({408, 429})
_NO_ANSWER = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ConfigError, OSError, TimeoutError)
_NO_OBJECT = (ValueError, TypeError, KeyError, AttributeError, msgspec.MsgspecError)


@contextmanager
def cluster_errors(doing: str, *, quoting: bool = True) -> Iterator[None]:
    """Translate what is raised inside.

    Args:
        doing: What is being done, for the message: ``list secrets``.
        quoting: Whether the server's own words may be repeated; not where it may quote a Secret.

    Raises:
        ClusterError: one of its kinds.
    """
    try:
        yield
    except SalesloftWebhooksError:
        raise
    except (*_NO_ANSWER, *_NO_OBJECT) as exc:
        raise _translated(doing, exc, quoting=quoting) from (exc if quoting else None)


def _translated(doing: str, error: Exception, *, quoting: bool) -> ClusterError:
    # What failed while the client made its error of a bad answer has that answer as its context.
    refused = error if isinstance(error, httpx2.HTTPStatusError) else error.__context__
    if isinstance(refused, httpx2.HTTPStatusError):
        code, words = _said(refused)
        return _kind(code)(_message(doing, code, words if quoting else ""))
    what = "no answer" if isinstance(error, _NO_ANSWER) else "not an answer"
    return ClusterUnavailable(f"Kubernetes: {doing}: {what}: {type(error).__name__}")


def _said(error: httpx2.HTTPStatusError) -> tuple[int, str]:
    """The code of an error, and the server's words."""
    if isinstance(error, ApiError):
        return error.status.code or 500, error.status.message or error.status.reason or ""
    try:
        found = json.loads(error.response.content)
    except (ValueError, httpx2.StreamError):  # a watch's answer is not read yet
        found = None
    words = found.get("message") if isinstance(found, dict) else ""
    return error.response.status_code, str(words or "")


def _kind(code: int) -> type[ClusterError]:
    if code in _KINDS:
        return _KINDS[code]
    return ClusterRefused if 400 <= code < 500 and code not in _LATER else ClusterUnavailable


def _message(doing: str, code: int, words: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in words)[:LONGEST_WORDS]
    return f"Kubernetes: {doing}: {code}" + (f": {shown}" if shown else "")
