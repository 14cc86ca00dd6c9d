"""Takes keys out of bodies that are kept as they came (quarantine), where no parser can be trusted to find them."""

import json
import re
from collections.abc import Iterator

from salesloft_webhooks.dialects import registry
from salesloft_webhooks.dialects.keys import DialectKeys
from salesloft_webhooks.dialects.signatures import REDACTED

_CALLBACK_TOKEN = re.compile(rb'("callback_token"\s*:\s*")(?:[^"\\]|\\.)*', re.DOTALL)


def redact(body: bytes, keys: DialectKeys, from_headers: str = "") -> bytes:
    """``body`` with every key, every token derived from one and every ``callback_token`` value replaced.

    Args:
        body: Raw bytes of any kind.
        keys: The source's keys.
        from_headers: What its headers said, from which keys may be derived.
    """
    written = {form for key in _all_keys(keys, from_headers) for form in _written_forms(key)}
    if written:
        longest_first = sorted(written, key=len, reverse=True)  # a key may begin with another one
        body = re.sub(b"|".join(map(re.escape, longest_first)), lambda _: REDACTED, body)
    return _CALLBACK_TOKEN.sub(rb"\1" + REDACTED, body)


def content_redacted(body: bytes, before: bytes = b"") -> bool:
    """Whether keys were taken out of what a body says, and not only out of its ``callback_token``, which no event has.

    Args:
        body: As `redact` left it.
        before: As it came; without it, a sender who writes the mark himself is taken for us.
    """
    return _marks(body) > _marks(before)


def _marks(body: bytes) -> int:
    return _CALLBACK_TOKEN.sub(rb"\1", body).count(REDACTED)


def _all_keys(keys: DialectKeys, from_headers: str) -> Iterator[bytes]:
    for dialect in registry.DIALECTS:
        yield from dialect.secrets(keys, from_headers)


def _written_forms(key: bytes) -> Iterator[bytes]:
    """The key itself and the ways JSON writers escape it."""
    if not key:
        return
    yield key
    text = key.decode("utf-8", "replace")
    for ascii_only in (True, False):
        escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield escaped.encode()
        yield escaped.replace("/", r"\/").encode()
