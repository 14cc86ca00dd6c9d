"""Event patterns: what a group, a handler or a command may write to say which event types it means.

A pattern consists of lower-case letters, digits, ``_`` and ``.``, which stand for themselves, of ``*`` (any characters,
or none) and ``?`` (one character). Nothing else is a pattern: what one of its readers took for a set of characters or
for another case, and another did not, would lose events. Every reader of patterns uses this module; on the server
``broker/lua/include/patterns.lua`` does the same, and a test compares the two.

Event types are compared as UTF-8 bytes, which is what the server sees. A type with other characters than these (senders
of envelopes may choose some) is still matched by ``*`` and ``?``. Named tasks (`follow_ups`) are named whole, and no
pattern matches them.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import translate
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator

from salesloft_webhooks.dialects.names import DOTTED, KNOWN_EVENT_TYPES, OWN_EVENT_TYPES
from salesloft_webhooks.environment import CommaList
from salesloft_webhooks.follow_ups import is_task_type

GRAMMAR = r"^[a-z0-9_.*?]{1,128}$"
"""A whole pattern, as a regular expression that JSON Schema understands, too."""

RULE = "a pattern has 1 to 128 lower-case letters, digits, `_`, `.`, `*` (any characters) and `?` (one character)"
"""The grammar as a sentence, for messages."""

NAMED_AT_MOST = 3
"""Nearest event types that a warning names."""

_PATTERN = re.compile(GRAMMAR.removesuffix("$") + r"\Z")  # `$` would let a trailing newline pass
_KNOWN_PATTERNS = sorted(KNOWN_EVENT_TYPES | {f"{name.partition('.')[0]}.*" for name in KNOWN_EVENT_TYPES})


def is_pattern(text: str) -> bool:
    """Whether ``text`` is in the grammar."""
    return _PATTERN.match(text) is not None


def _checked(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for number, pattern in enumerate(patterns, start=1):
        if not is_pattern(pattern):
            # By its place: messages about settings never repeat a value.
            raise ValueError(f"number {number} is no event pattern: {RULE}")
    return patterns


def _checked_one(pattern: str) -> str:
    if not is_pattern(pattern):
        raise ValueError(f"no event pattern: {RULE}")
    return pattern


Pattern = Annotated[str, AfterValidator(_checked_one)]
"""A pattern as the field or key of a pydantic model; anything else is refused."""

Patterns = Annotated[tuple[str, ...], AfterValidator(_checked)]
"""Several of them, likewise."""

PatternList = Annotated[CommaList, AfterValidator(_checked)]
"""The same as a setting, separated by commas."""


def matches(event_type: str, patterns: Iterable[str]) -> bool:
    """Whether an event type is what one of the patterns means. Each must be in the grammar (`is_pattern`)."""
    return any(_matches(event_type, pattern) for pattern in patterns)


def is_taken(event_type: str, patterns: Iterable[str]) -> bool:
    """Whether a group that takes these patterns (none: all) takes an entry of its own of this type. A task's: yes."""
    patterns = tuple(patterns)
    return is_task_type(event_type) or not patterns or matches(event_type, patterns)


@lru_cache(maxsize=4096)
def _matches(event_type: str, pattern: str) -> bool:
    if is_task_type(event_type):
        return event_type == pattern
    return _compiled(pattern).match(event_type.encode(errors="surrogatepass")) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[bytes]:
    # Within the grammar `translate` knows `*` and `?` only; what it makes of many of them takes linear time.
    return re.compile(translate(pattern).encode())


def canonical(patterns: Iterable[str]) -> str:
    """A set of patterns as one text: the same for the same set, whatever the order and repeats."""
    return ",".join(sorted(set(patterns)))


def is_known(pattern: str) -> bool:
    """Whether the pattern means at least one event type that SalesLoft sends, that is derived from it, or our own."""
    return any(_matches(name, pattern) for name in KNOWN_EVENT_TYPES | OWN_EVENT_TYPES)


def nearest(pattern: str) -> Sequence[str]:
    """What the author of an unknown pattern may have meant: at most `NAMED_AT_MOST` known types or patterns.

    SalesLoft's own names (``person_created``) lead to the dotted ones that are used here.
    """
    if native := sorted(dotted for name, dotted in DOTTED.items() if _matches(name, pattern)):
        return [name for name in native if name in KNOWN_EVENT_TYPES][:NAMED_AT_MOST]
    return get_close_matches(pattern, _KNOWN_PATTERNS, NAMED_AT_MOST)
