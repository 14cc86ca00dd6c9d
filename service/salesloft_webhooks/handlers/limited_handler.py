"""What limits a handler: how many of its calls run at once and how many begin, in all workers of its group together."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from salesloft_webhooks.broker.handler_limits import Want
from salesloft_webhooks.content_filters import Field, parse_field
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.events import Event
from salesloft_webhooks.limits import Limits, Rate, SaidLimits, checked_running

DIGEST_BYTES = 16
"""Of a key's value: enough that no two of them are taken for one."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode  # which takes integers of any size


@dataclass(frozen=True)
class Limit:
    """A limit of one handler; see docs/limits.md.

    ::

        @router.on("email.*", limit=Limit(max_running=1, key="data.account.id"))

    Args:
        max_running: Events for which it runs at once. None: any number.
        rate: Events for which it begins: ``10/s``, ``100/min``, ``100/min burst 20``. None: any number.
        key: A field of the event, as in content filters. Each value of it has the whole limit for itself; events that
            do not have the field, or in which it is null, share one. None: all events share one.
        name: What it is called, where several handlers of the group share it: their events count together. All of them
            say the same, so give them one object. None: it is this handler's alone.

    Raises:
        ConfigurationError: one of these is none.
    """

    max_running: int | None = None
    rate: str | None = None
    key: str | None = None
    name: str | None = None
    _limits: Limits = field(init=False, repr=False, compare=False)
    _field: Field | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, said in (("rate", self.rate), ("key", self.key), ("name", self.name)):
            if said is not None and not isinstance(said, str):
                raise ConfigurationError(f"Limit({name}=...) is a text, and not {said!a:.60}")
        if self.name is not None and not _NAME.fullmatch(self.name):
            raise ConfigurationError("Limit(name=...) has 1 to 100 letters, digits, `_`, `.` and `-`, as in crm-api")
        rate = None if self.rate is None else Rate.parse(self.rate)
        object.__setattr__(self, "_limits", Limits(checked_running(self.max_running), rate))
        try:
            read = None if self.key is None else parse_field(self.key)
        except ValueError as exc:
            raise ConfigurationError(f"Limit(key=...) is a field such as data.account.id: {exc}") from None
        object.__setattr__(self, "_field", read)

    @property
    def words(self) -> str:
        """As the store has it."""
        return SaidLimits.of(self._limits).words or "- -"

    @property
    def described(self) -> str:
        """The same with the key behind it, for people."""
        return self.words if self.key is None else f"{self.words} {self.key}"

    def called(self, handler: str) -> str:
        """By which name people find it: its own, or that of its handler."""
        return self.name or handler

    def want(self, handler: str, event: Event) -> Want:
        """What an event needs to be given to the handler of that name."""
        called = self.called(handler)
        value = None if self._field is None else self._field.read(event)
        digest = sha256(_encode((called, value)).encode(), usedforsecurity=False).digest()[:DIGEST_BYTES]
        return Want(called, self.words, digest.hex())


def check_limits(limited: Iterable[tuple[str, Limit]]) -> None:
    """Refuse what would be one limit by mistake: it is found by its name.

    Args:
        limited: The limited handlers of a group, with their limits.

    Raises:
        ConfigurationError: two handlers of one name; a handler's and a limit's; two that say different things of one.
    """
    found = dict[str, Limit]()
    for handler, limit in limited:
        called = limit.called(handler)
        if (other := found.get(called)) is None:
            found[called] = limit
        elif limit.name is None or other.name is None:
            raise ConfigurationError(f"handler {handler}: {called} is another limited handler's name, or a limit's")
        elif limit.described != other.described:
            raise ConfigurationError(f"handler {handler}: another one says something else of the limit {called}")
