"""Limiting a handler by hand or by declarations, and who limits it to what."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Struct

from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.group_limits import PLACE
from salesloft_webhooks.broker.handler_limits import say_handler_limits
from salesloft_webhooks.limits import SOURCES, Limits, SaidLimits

OF_AUTHOR = "by its author"


class HandlerLimit(Struct, frozen=True):
    """What limits one handler.

    Attributes:
        handler: Its name.
        written: What its author says, with the key behind it as whoever says so.
        by_hand: What people say.
        declared: What an object of Kubernetes says.
        known: Whether a worker that knows the handler has been there since the last one that did not.
    """

    handler: str
    written: SaidLimits = SaidLimits()
    by_hand: SaidLimits = SaidLimits()
    declared: SaidLimits = SaidLimits()
    known: bool = True

    @property
    def key(self) -> str:
        """The field of which each value has the limit for itself; empty: all events share it."""
        return self.written.by

    @property
    def in_force(self) -> Limits:
        """What holds: by hand comes first, then what is declared, for each of the two limits by itself."""
        several = (self.by_hand, self.declared, self.written)
        running = (each.max_running for each in several if each.max_running is not UNSET)
        rates = (each.rate for each in several if each.rate is not UNSET)
        return Limits(next(running, None), next(rates, None))

    @property
    def lines(self) -> list[str]:
        """For people: what each says, the one that is believed first; and that no handler asks, if so."""
        several = (
            (self.by_hand, SOURCES["hand"]),
            (self.declared, SOURCES["declared"] + self.declared.by),
            (self.written, OF_AUTHOR),
        )
        lines = [f"{said.text} ({who})" for said, who in several if said.text]
        return lines if self.known else [*lines, "no handler of that name asks for permits"]

    @property
    def text(self) -> str:
        """In one line."""
        key = f" for each {self.key}" if self.key else ""
        return f"{self.handler}{key}: {'; '.join(self.lines) or 'nothing limits it'}"


async def stored_handler_limits(store: Store, group: str) -> list[HandlerLimit]:
    """What limits the handlers of a group, by name.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        found: Any = await store.client.hgetall(store.keys.handler_limits(PLACE, group))
    words = {field.decode(errors="replace"): said.decode(errors="replace") for field, said in found.items()}
    names = {name for field in words for who, _, name in [field.partition(" ")] if who in SOURCES}

    def said(who: str, name: str) -> SaidLimits:
        return SaidLimits.read(words.get(f"{who} {name}", ""))

    return [
        HandlerLimit(
            name,
            written=said("author", name),
            by_hand=said("hand", name),
            declared=said("declared", name),
            known=f"author {name}" in words,
        )
        for name in sorted(names)
    ]


async def limit_handler_by_hand(
    store: Store, group: str, handler: str, said: SaidLimits, *, anew: bool = False
) -> None:
    """Say by hand what limits a handler, from the next event that asks on; nothing said: what others say holds.

    Args:
        store: Where.
        group: Of which group.
        handler: Its name.
        said: What is said; nothing of one of the two: that stays as it was said by hand before.
        anew: Else it is said no more.

    Raises:
        StoreError: it may hold all the same; repeat it.
    """
    await say_handler_limits(store, group, "hand", {handler: said.words}, beside="" if anew else "further")


async def declare_handler_limits(store: Store, group: str, said: Mapping[str, SaidLimits]) -> None:
    """Say what is declared of these handlers, all at once; nothing of one: nothing any more.

    Raises:
        StoreError: it may hold all the same; repeat it.
    """
    await say_handler_limits(store, group, "declared", {name: each.whole_words for name, each in said.items()})
