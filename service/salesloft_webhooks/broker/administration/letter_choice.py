"""Which dead letters of a group a person means, counted before anything is done with them.

What is meant is fixed by how far the letters went at that moment (`Choice.ends`): letters are only ever added behind
it, so the same count up to there means the very same letters. A digest says which choice was counted with what result,
so that what is begun is what was shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from salesloft_webhooks.broker.administration.dead_letter_causes import count_slice
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter, parse_handle
from salesloft_webhooks.broker.administration.dead_letter_look import AT_ONCE, look, newest_letters
from salesloft_webhooks.broker.administration.run_records import BEGINNING, NewRun, RunKind
from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.entry_reference import Reference


@dataclass(frozen=True, slots=True)
class Choice:
    """What is meant.

    Attributes:
        filter: Which letters; its group is always there.
        ends: Up to where, by partition.
        handles: These letters only; empty: all that the filter wants.
    """

    filter: DeadLetterFilter
    ends: tuple[str, ...]
    handles: tuple[str, ...] = ()

    def digest(self, count: int) -> str:
        """Stands for the choice and what was counted."""
        return sha256(msgspec.json.encode((self.filter, self.ends, self.handles, count))).hexdigest()[:32]

    def run(self, kind: RunKind, count: int, *, by: str) -> NewRun:
        """The run that does it."""
        selection = {"letters": list(self.handles)} if self.handles else _written(self.filter)
        return NewRun(kind=kind, by=by, selection=selection, total=count, ends=self._ends(), group=self.filter.group)

    def _ends(self) -> tuple[str, ...]:
        """Of named letters, up to the last of them."""
        if not self.handles:
            return self.ends
        last = dict.fromkeys(range(len(self.ends)), Reference(0, 0, 0))
        for reference in references_of(self.handles):
            last[reference.partition] = max(last[reference.partition], reference)
        return tuple(last[partition].entry_id for partition in sorted(last))


async def choice_of_now(store: Store, wanted: DeadLetterFilter, handles: Sequence[str] = ()) -> Choice:
    """What a filter wants, or the letters that are named, at this moment.

    Raises:
        ValueError: one is of another group.
        StoreError: the store cannot be asked.
    """
    parsed = {one for handle in handles if (one := parse_handle(handle))}
    if any(group != wanted.group or one.partition >= store.partitions for group, one in parsed):
        raise ValueError("a letter of another group")
    named = tuple(f"{wanted.group}/{one}" for one in sorted(one for _, one in parsed))
    return Choice(wanted, await newest_letters(store, wanted.group), named)


async def count(store: Store, choice: Choice) -> int:
    """How many letters are meant, and are there still.

    Raises:
        StoreError: while counting.
    """
    if choice.handles:
        found = [await _is_there(store, choice.filter.group, one) for one in references_of(choice.handles)]
        return sum(found)
    total = 0
    tells = _is_known_by_cause(choice.filter)
    for partition, end in enumerate(choice.ends):
        if end != BEGINNING:
            step = _count_causes if tells else _count_letters
            total += await step(store, choice.filter, partition, end)
    return total


def references_of(handles: Sequence[str]) -> list[Reference]:
    """What handles name; what is none names nothing."""
    return [parsed[1] for handle in handles if (parsed := parse_handle(handle))]


def _is_known_by_cause(wanted: DeadLetterFilter) -> bool:
    """Whether reason, type and error alone say which letters are wanted."""
    return not (wanted.event_id or wanted.entity_key or wanted.since or wanted.until)


def _written(wanted: DeadLetterFilter) -> dict[str, object]:
    written = msgspec.to_builtins(wanted)
    return {name: value for name, value in written.items() if value and name != "group"}


async def _is_there(store: Store, group: str, reference: Reference) -> bool:
    return bool(await look(store, group, reference.partition, reference.entry_id, reference.entry_id, count=1))


async def _count_causes(store: Store, wanted: DeadLetterFilter, partition: int, end: str) -> int:
    total, after = 0, BEGINNING
    while after:
        _, after, counts = await count_slice(store, wanted.group, partition, after, end)
        total += sum(number for cause, number, _ in counts if cause.is_wanted(wanted))
    return total


async def _count_letters(store: Store, wanted: DeadLetterFilter, partition: int, end: str) -> int:
    total, low = 0, "-"
    while True:
        page = await look(store, wanted.group, partition, low, end)
        total += sum(map(wanted.wants, page))
        if len(page) < AT_ONCE:
            return total
        low = f"({page[-1].reference.entry_id}"
