"""A pause as it is stored: a key of each partition, whose value says who paused the group and whose expiry ends it.

    ====================================  ==============================================================================
    value                                 who paused
    ====================================  ==============================================================================
    ``manual [why]``                      somebody, by a command; so is whatever else stands there by hand
    ``breaker [why]``                     a handler that found its backend down
    ``declared <by>[@<ms>] [why]``        an object of Kubernetes, ``namespace/name``; ``@``: when the pause by hand
                                          would have ended that it has replaced, server ms
    ====================================  ==============================================================================

Workers, those of earlier versions as well, only look whether the key is there. Earlier commands show a declared pause
as one by hand, with what declares it in front of the reason.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from salesloft_webhooks.broker.connection.store import Argument, Store

_DECLARED = re.compile(r"(?P<by>[^@]*)(?:@(?P<by_hand>\d{1,15}))?", re.ASCII)
_NO_END = -1
_NO_KEY = -2


class Pause(StrEnum):
    """Whether a group takes events."""

    NONE = "none"
    """It does."""
    MANUAL = "manual"
    """Somebody paused it; it stays so until resumed, or until the time given."""
    BREAKER = "breaker"
    """A handler found its backend unavailable; the pause ends by itself."""
    DECLARED = "declared"
    """An object of Kubernetes says so; it stays so until that is changed, or until the time it gives."""


@dataclass(frozen=True, slots=True)
class StoredPause:
    """The pause of one partition.

    Attributes:
        kind: Who paused it; `Pause.NONE`: nobody.
        until_ms: When it ends by itself, server ms; None: never.
        reason: Why, in one line; may be empty.
        declared_by: The object that declares it, ``namespace/name``.
        by_hand_until_ms: When the pause by hand would have ended that the declared one has replaced; None: none was.
    """

    kind: Pause = Pause.NONE
    until_ms: int | None = None
    reason: str = ""
    declared_by: str = ""
    by_hand_until_ms: int | None = None

    @classmethod
    def read(cls, value: bytes, until_ms: int | None = None) -> "StoredPause":
        """What a key's value says, and its expiry; an empty value: there is no key."""
        if not value:
            return cls()
        word, _, rest = value.decode(errors="backslashreplace").partition(" ")
        if word == Pause.DECLARED:
            by, _, reason = rest.partition(" ")
            if found := _DECLARED.fullmatch(by):
                by_hand = found["by_hand"]
                return cls(Pause.DECLARED, until_ms, reason, found["by"], int(by_hand) if by_hand else None)
        return cls(Pause.BREAKER if word == Pause.BREAKER else Pause.MANUAL, until_ms, rest)

    @property
    def value(self) -> str:
        """What the key holds; empty: there is to be none."""
        if self.kind is Pause.NONE:
            return ""
        by_hand = "" if self.by_hand_until_ms is None else f"@{self.by_hand_until_ms}"
        words = (self.kind.value, f"{self.declared_by}{by_hand}", self.reason)
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class FoundPause:
    """The pause that a partition had when it was looked at.

    Attributes:
        partition: Its number.
        pause: What it says.
        now_ms: When it was looked at, server ms.
        value: The key's value as it stood there; empty: there was no key.
    """

    partition: int
    pause: StoredPause
    now_ms: int
    value: bytes = b""

    def lasts_longer(self, seconds: float) -> bool:
        """Whether there is a pause that does not end within ``seconds`` by itself."""
        until = self.pause.until_ms
        return self.pause.kind is not Pause.NONE and (until is None or until - self.now_ms > seconds * 1_000)


async def find_pauses(store: Store, groups: Iterable[str]) -> dict[str, list[FoundPause]]:
    """The pauses of some groups, by group and partition. One script call per partition.

    Raises:
        StoreError: the store cannot be asked.
    """
    names = list(groups)
    found: dict[str, list[FoundPause]] = {name: [] for name in names}
    for partition in range(store.partitions):
        now, rows = await store.run("stored_pauses", partition, names)
        for name, (value, until) in zip(names, rows, strict=True):
            pause = StoredPause.read(value, None if until == _NO_END else until)
            found[name].append(FoundPause(partition, pause, now, value))
    return found


async def declared_pause(store: Store, group: str) -> FoundPause | None:
    """The pause of a group that an object of Kubernetes declares, on the first partition that has one; None: none does.

    Raises:
        StoreError: the store cannot be asked.
    """
    found = (await find_pauses(store, [group]))[group]
    return next((each for each in found if each.pause.kind is Pause.DECLARED), None)


async def replace_pause(store: Store, group: str, found: FoundPause, pause: StoredPause) -> bool:
    """Let a partition have another pause, or none, if it still has the one that was found.

    Returns:
        False: somebody has changed it meanwhile; nothing was done.

    Raises:
        StoreError: it may be done all the same; look again.
    """
    expected = _NO_KEY if not found.value else _NO_END if found.pause.until_ms is None else found.pause.until_ms
    until = _NO_END if pause.until_ms is None else pause.until_ms
    args: list[Argument] = [group, found.value, expected, pause.value, until]
    replaced: Any = await store.run("replace_pause", found.partition, args)
    return bool(replaced)
