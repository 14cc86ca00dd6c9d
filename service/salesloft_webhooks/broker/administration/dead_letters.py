"""Dead letters: what a group gave up on, to look at, to give to the group again, or to throw away."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from salesloft_webhooks.broker.administration.dead_letter_filter import (
    DeadLetterFilter,
    Discarded,
    Redriven,
    parse_handle,
)
from salesloft_webhooks.broker.administration.groups import forget_if_empty, registration
from salesloft_webhooks.broker.administration.scan import Span, newest_entry, read, scan
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.broker.administration.stored_records import DeadLetter, read_dead_letter
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.records import RECORD_LETTERS
from salesloft_webhooks.event_patterns import is_taken

NO_RUN = ("", "", "")
"""In the place of the run that acts, and where it is, when somebody acts in person."""
BATCH = 25
"""Letters in one script call, so that the server is never blocked for long: each is read and written whole."""


async def dead_letters(
    store: Store, choice: DeadLetterFilter, *, after: str = "", newest_first: bool = True
) -> AsyncIterator[DeadLetter]:
    """Scan dead letters, group by group in the order of names.

    Args:
        store: Where.
        choice: Which.
        after: The handle of the letter to go on behind (the last one of a page), which may be gone meanwhile.
        newest_first: Latest deaths first, within a group.

    Raises:
        StoreError: while scanning.
    """
    last_group, reference = parse_handle(after) or ("", None)
    for group in [choice.group] if choice.group else sorted(await group_names(store)):
        if group >= last_group:
            behind = reference if group == last_group else None
            async for letter in _of_group(store, group, Span(after=behind, newest_first=newest_first)):
                if choice.wants(letter):
                    yield letter


async def find_all(store: Store, names: Iterable[str]) -> dict[str, list[DeadLetter]]:
    """The dead letters that handles (one each) or event ids (one a group, rarely more) name, oldest first, by name.

    An event's record names its dead letters. Where it does not (it has expired, or is older than that habit), one scan
    through all dead letters answers for all names together.

    Raises:
        StoreError: the store cannot be asked.
    """
    found: dict[str, list[DeadLetter]] = {}
    unsure: set[str] = set()
    for name in dict.fromkeys(names):
        found[name], certain = await _by_handle(store, name) or await _by_record(store, name)
        if not certain:
            unsure.add(name)
    if unsure:
        async for letter in dead_letters(store, DeadLetterFilter(), newest_first=False):
            if letter.event_id in unsure and letter not in found[letter.event_id]:
                found[letter.event_id].append(letter)
    return found


async def find(store: Store, name: str) -> list[DeadLetter]:
    """`find_all` of one name.

    Raises:
        StoreError: the store cannot be asked.
    """
    return (await find_all(store, [name]))[name]


async def _by_handle(store: Store, name: str) -> tuple[list[DeadLetter], bool] | None:
    if not (handle := parse_handle(name)) or handle[1].partition >= store.partitions:
        return None
    letter = await _letter(store, *handle)
    return ([letter], True) if letter else None


async def _by_record(store: Store, event_id: str) -> tuple[list[DeadLetter], bool]:
    """What the record names, and whether that is all there can be."""
    found, dead, known = [], set(), False
    for partition in range(store.partitions):
        with translated():
            record: Any = await store.client.hgetall(store.keys.record(partition, event_id))
        known = known or bool(record)
        dead |= {field.decode() for field, value in record.items() if value == b"dead"}
        for field, value in record.items():
            group = field.decode(errors="replace").removeprefix(RECORD_LETTERS)
            if not field.startswith(RECORD_LETTERS.encode()):
                continue
            dead.discard(group)
            references = [Reference.of(partition, entry_id) for entry_id in value.split()]
            found += [letter for one in references if (letter := await _letter(store, group, one))]
    return found, known and not dead


async def _letter(store: Store, group: str, reference: Reference) -> DeadLetter | None:
    key = store.keys.dead(reference.partition, group)
    page = await read(store, key, reference.entry_id, reference.entry_id, count=1)
    return read_dead_letter(group, reference, page[0][1]) if page else None


@dataclass(frozen=True, slots=True)
class Frozen:
    """What was dead at one moment: what dies afterwards, perhaps again, is not in it.

    Attributes:
        choice: Which of it is meant.
        ends: The newest letter's entry id, by group.
    """

    choice: DeadLetterFilter
    ends: Mapping[str, str]


async def freeze(store: Store, choice: DeadLetterFilter) -> Frozen:
    """The dead letters of this moment, to be scanned by `frozen` as often as wanted.

    Raises:
        StoreError: the store cannot be asked.
    """
    groups = [choice.group] if choice.group else sorted(await group_names(store))
    return Frozen(choice, {group: await newest_entry(store, _stream_of(store, group)) for group in groups})


async def frozen(store: Store, of: Frozen) -> AsyncIterator[DeadLetter]:
    """Scan what was dead then and still is, oldest first, group by group.

    Raises:
        StoreError: while scanning.
    """
    for group, newest in of.ends.items():
        async for letter in _of_group(store, group, Span(newest=newest)):
            if of.choice.wants(letter):
                yield letter


async def unchanging(store: Store, choice: DeadLetterFilter) -> AsyncIterator[DeadLetter]:
    """`freeze` and `frozen` in one.

    Raises:
        StoreError: while scanning.
    """
    async for letter in frozen(store, await freeze(store, choice)):
        yield letter


async def size(store: Store, of: Frozen) -> int:
    """How many letters `frozen` will yield, counted without holding any; without a filter, the server says it.

    Raises:
        StoreError: while counting.
    """
    count = 0
    if of.choice == DeadLetterFilter(group=of.choice.group):
        for group, partition in product(of.ends, range(store.partitions)):
            with translated():
                count += await store.client.xlen(store.keys.dead(partition, group))
        return count
    async for _ in frozen(store, of):
        count += 1
    return count


async def redrive(
    store: Store, letters: AsyncIterator[DeadLetter], *, idempotency_ttl_seconds: int
) -> AsyncIterator[tuple[DeadLetter, Redriven]]:
    """Give dead letters to their own groups again, never to others; yields what became of each.

    Raises:
        StoreError: those yielded before are redriven, the batch at hand may be.
    """
    async for letters_of_one_group in _batches(letters):
        types = (await registration(store, letters_of_one_group[0].group)).events
        for letter in letters_of_one_group:
            if not is_taken(letter.event_type, types):
                yield letter, Redriven.NOT_WANTED
        if not (batch := [letter for letter in letters_of_one_group if is_taken(letter.event_type, types)]):
            continue
        args: list[str | int] = [
            batch[0].group,
            idempotency_ttl_seconds,
            *NO_RUN,
            0,
            *(letter.reference.entry_id for letter in batch),
        ]
        replies = await store.run("redrive", batch[0].reference.partition, args)
        for letter, reply in zip(batch, replies, strict=True):
            yield letter, Redriven(reply.decode())


async def discard(store: Store, letters: AsyncIterator[DeadLetter]) -> AsyncIterator[tuple[DeadLetter, Discarded]]:
    """Throw dead letters away; yields what became of each.

    Raises:
        StoreError: those yielded before are discarded, the batch at hand may be.
    """
    async for batch in _batches(letters):
        args = [batch[0].group, *NO_RUN, *(letter.reference.entry_id for letter in batch)]
        replies = await store.run("discard", batch[0].reference.partition, args)
        for letter, reply in zip(batch, replies, strict=True):
            yield letter, Discarded(reply.decode())
        await forget_if_empty(store, batch[0].group)


def _stream_of(store: Store, group: str) -> Callable[[int], str]:
    return lambda partition: store.keys.dead(partition, group)


async def _of_group(store: Store, group: str, span: Span) -> AsyncIterator[DeadLetter]:
    async for reference, fields in scan(store, _stream_of(store, group), span):
        yield read_dead_letter(group, reference, fields)


async def _batches(letters: AsyncIterator[DeadLetter]) -> AsyncIterator[list[DeadLetter]]:
    """What one script call can take each: letters of one group and one partition, in the order they came."""
    open_batches: defaultdict[tuple[str, int], list[DeadLetter]] = defaultdict(list)
    async for letter in letters:
        place = letter.group, letter.reference.partition
        open_batches[place].append(letter)
        if len(open_batches[place]) == BATCH:
            yield open_batches.pop(place)
    for batch in open_batches.values():
        yield batch
