"""Follow-ups, purely: what a handler can ask to be given later, how that is named and written, what is refused.

A follow-up is an entry of the stream like any other once it is due. What tells it from others stands behind its trace
context, behind a byte that none has: what was asked (JSON), and when. A task's arguments are in the body. Decision 88.
"""

import math
import re
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from salesloft_webhooks.errors import FollowUpRefused

TASK_PREFIX = "follow_up/"
"""How the type of a named task's entry begins. Senders' types have no slash, and no pattern matches one."""
ID_PREFIX = "follow-up/"
MARK = "\x02"
"""Between a trace context and what is said of a follow-up. Text of senders has visible characters only."""
ASKED_MOST, ENDED_MOST = 16, 64
"""Follow-ups that one attempt may ask for, and cancellations."""
ARGUMENT_BYTES, KEY_LENGTH, ATTEMPT_BYTES = 16 * 1024, 200, 1_200_000
"""Of a task's arguments as JSON; characters of a key; and all that one attempt has stored: a copy of the largest
delivery that receivers take by default, with its arguments."""
ARGUMENT_DEPTH, INTEGER_BITS = 32, 63
"""Of arguments, so that reading them takes little of the stack, wherever that is done; and that every reader takes."""
_TASK_NAME = re.compile(r"[a-z0-9_.]{1,100}")
_FRONT, _BETWEEN, _END = b'{"arguments":', b',"data":', b"}"


class FollowUp(Struct, frozen=True):
    """What a follow-up says of itself, to the handler that is given it.

    Attributes:
        key: What the author has called it.
        asked_at: When it was asked for, by the store's clock.
        due_at: When it was to run.
        event_id: The event that has asked for it.
        event_type: That one's type.
        task: The named task that it runs; `debounced/` and a handler's name: that one; empty: its event's handlers.
        arguments: What was given to the task.
        had_by: Of a debounced handler's: the names of the group's other handlers that have been given the event.
    """

    key: str
    asked_at: datetime
    due_at: datetime
    event_id: str
    event_type: str
    task: str = ""
    arguments: Mapping[str, Any] = {}
    had_by: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash((self.event_id, self.key))


class Said(Struct, frozen=True, array_like=True):
    """What stands in the clear of a follow-up. ``arguments``: bytes of them in front of the data; -1: none."""

    key: str
    event_id: str
    event_type: str
    task: str
    arguments: int
    had_by: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Said":
        """From its text.

        Raises:
            ValueError: it is none.
        """
        return msgspec.json.decode(text, type=cls)


class Debounced(Struct, frozen=True):
    """It replaces those of earlier events, of one entity and one value (JSON), for so long in all; 0: however long."""

    value: str
    at_most_seconds: float
    others: tuple[str, ...] = ()  # `FollowUp.had_by`


class Wanted(Struct, frozen=True):
    """What a handler asks for, checked.

    Attributes:
        key: What the author calls it; of a debounced handler: what tells its events apart.
        after_seconds: When it is due, from now.
        task: A named task; of a debounced handler its name; empty: the same event again.
        arguments: For the task, as JSON; empty: none.
        on_done: Whether it is stored together with `done`, and not before.
        debounced: It is a debounced handler's, with `done`; None: its key says what it replaces.
    """

    key: str
    after_seconds: float
    task: str
    arguments: bytes
    on_done: bool
    debounced: Debounced | None = None


class Cancelled(Struct, frozen=True):
    """What became of a wish to cancel. True in a condition when there was something to cancel.

    Attributes:
        found: There was a follow-up by this key that was not over.
        running: It had begun and runs now: this attempt goes on, and no other one begins.
    """

    found: bool
    running: bool = False

    def __bool__(self) -> bool:
        return self.found


ASKER = "asker"
"""In an event's ``__dict__``: where its handlers ask for follow-ups."""


class Asker(Protocol):
    """Where an event's handlers ask for follow-ups: its attempt."""

    def ask_later(self, wanted: Wanted) -> Coroutine[Any, Any, bool]:
        """Store it, or keep it until the event is done; False: this event has asked for it before, and it is over."""

    def cancel_later(self, key: str) -> Coroutine[Any, Any, Cancelled]:
        """End the one that waits by this key."""


def checked_key(key: object) -> str:
    """The key, or why it is none."""
    if not isinstance(key, str) or not 0 < len(key) <= KEY_LENGTH:
        raise FollowUpRefused(f"key=... is a text of 1 to {KEY_LENGTH} characters")
    if not key.isprintable():
        raise FollowUpRefused("key=... has a character that nobody can see")
    return key


def checked_arguments(task: str, arguments: Mapping[str, Any] | None) -> bytes:
    """The arguments of a task as JSON; empty without any."""
    if arguments is None:
        return b""
    if not task:
        raise FollowUpRefused("arguments=... are for a named task: task=... says which")
    _check_json(dict(arguments), ARGUMENT_DEPTH)
    try:
        written = msgspec.json.encode(dict(arguments))
    except (TypeError, ValueError, OverflowError) as exc:
        raise FollowUpRefused(f"arguments=... cannot be written as JSON: {type(exc).__name__}") from exc
    if len(written) > ARGUMENT_BYTES:
        raise FollowUpRefused(f"arguments=... are {len(written)} bytes of JSON, and {ARGUMENT_BYTES} are the most")
    return written


def _check_json(value: object, depth: int) -> None:
    """Refuse what a task would not be given as it was asked: what is none of JSON's kinds, or too deep to be read."""
    if not isinstance(value, dict | list | tuple):
        _check_scalar(value)
        return
    if depth == 0:
        raise FollowUpRefused(f"arguments=... have more than {ARGUMENT_DEPTH} levels")
    if isinstance(value, dict) and not all(isinstance(name, str) for name in value):
        raise FollowUpRefused("arguments=... have an object with a name that is no text")
    for each in value.values() if isinstance(value, dict) else value:
        _check_json(each, depth - 1)


def _check_scalar(value: object) -> None:
    known = value is None or isinstance(value, str | bool | int | float)
    if not known or (isinstance(value, float) and not math.isfinite(value)):
        raise FollowUpRefused(f"arguments=... have a {type(value).__name__} that JSON cannot say")
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
        raise FollowUpRefused(f"arguments=... have a whole number of more than {INTEGER_BITS} bits")


def is_task_name(name: object) -> bool:
    """Whether a task can be called so."""
    return isinstance(name, str) and _TASK_NAME.fullmatch(name) is not None


def task_type(name: str) -> str:
    """The type of a named task's entries."""
    return TASK_PREFIX + name


def is_task_type(event_type: str) -> bool:
    """Whether it is the type of a named task's entries."""
    return event_type.startswith(TASK_PREFIX)


def id_of(group: str, event_id: str, key: str) -> str:
    """The event id of the follow-up that an event has asked for by this key, in this group."""
    return ID_PREFIX + _digest(group, event_id, key)


def subject_of(entity_key: str, key: str) -> str:
    """What a key means for an entity: of that at most one follow-up waits."""
    return _digest(entity_key, key)


def names_of(wanted: Wanted, group: str, order: str, event_id: str, entity: tuple[str, str]) -> tuple[str, str]:
    """Event id of a follow-up, and its subject. ``order``: see debounced.lua. ``entity``: source and entity key."""
    if wanted.debounced is None:
        return id_of(group, event_id, wanted.key), subject_of(entity[1], wanted.key)
    follow_up = f"{ID_PREFIX}{order}/{_digest(group, event_id, wanted.task)}"
    return follow_up, _digest(*entity, wanted.task, wanted.debounced.value)


def _digest(*fields: str) -> str:
    """Of separate fields, each behind its length: no two lists of fields are the same text."""
    written = [field.encode(errors="surrogatepass") for field in fields]
    return sha256(b"".join(b"%d:%s" % (len(field), field) for field in written)).hexdigest()[:40]


def with_arguments(arguments: bytes, data: bytes) -> bytes:
    """The body of a follow-up: data, or arguments and data."""
    return b"".join((_FRONT, arguments, _BETWEEN, data, _END)) if arguments else data


def said_in(traceparent: str, said: Said) -> str:
    """A trace context with what a follow-up says of itself; the store adds when."""
    return f"{traceparent}{MARK}{msgspec.json.encode(said).decode()}"


def read(traceparent: str, body: bytes) -> tuple[str, FollowUp, bytes]:
    """Trace context, what a follow-up says, and its data, from the first as it is stored and the whole body.

    Raises:
        ValueError: somebody has tampered with it.
        RecursionError: likewise.
    """
    context, said, times = traceparent.split(MARK)
    about = Said.read(said)
    asked_at, due_at = (datetime.fromtimestamp(int(ms) / 1_000, UTC) for ms in times.split(" "))
    arguments: dict[str, Any] = {}
    if about.arguments >= 0 and body:
        start = len(_FRONT) + about.arguments
        arguments = msgspec.json.decode(body[len(_FRONT) : start], type=dict[str, Any])
        body = body[start + len(_BETWEEN) : -len(_END)]
    said_before = (about.key, asked_at, due_at, about.event_id, about.event_type, about.task)
    return context, FollowUp(*said_before, arguments, about.had_by), body
