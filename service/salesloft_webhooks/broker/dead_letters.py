"""Dead letters: what a group gave up on, to look at, to give to the group again, or to throw away."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable

from salesloft_webhooks.broker.connection import Store
from salesloft_webhooks.broker.dead_letter import Choice, DeadLetter, Discarded, Redriven, letter_of, parse_handle
from salesloft_webhooks.broker.groups import forget_if_empty, registration
from salesloft_webhooks.broker.stats import group_names
from salesloft_webhooks.broker.walk import Span, newest_entry, walk

BATCH = 100
"""Letters in one script call, so that the server is never blocked for long."""


async def dead_letters(
    store: Store, choice: Choice, *, after: str = "", newest_first: bool = True
) -> AsyncIterator[DeadLetter]:
    """Walk through dead letters, group by group in the order of names.

    Args:
        store: Where.
        choice: Which.
        after: The handle of the letter to go on behind (the last one of a page), which may be gone meanwhile.
        newest_first: Latest deaths first, within a group.

    Raises:
        StoreError: while walking.
    """
    last_group, reference = parse_handle(after) or ("", None)
    for group in [choice.group] if choice.group else sorted(await group_names(store)):
        if group >= last_group:
            behind = reference if group == last_group else None
            async for letter in _of_group(store, group, Span(after=behind, newest_first=newest_first)):
                if choice.wants(letter):
                    yield letter


async def find(store: Store, name: str) -> list[DeadLetter]:
    """The dead letters that a handle (one) or an event id (one a group, rarely more) names; oldest first.

    A handle is looked up directly; an event id makes this walk through all dead letters.

    Raises:
        StoreError: the store cannot be asked.
    """
    if handle := parse_handle(name):
        group, reference = handle
        if reference.partition >= store.partitions:
            return []
        span = Span(oldest=reference.entry_id, newest=reference.entry_id)
        found = [letter async for letter in _of_group(store, group, span) if letter.reference == reference]
        if found:
            return found
    return [letter async for letter in dead_letters(store, Choice(event_id=name), newest_first=False)]


async def unchanging(store: Store, choice: Choice) -> AsyncIterator[DeadLetter]:
    """Those that are dead letters now, oldest first: what dies again meanwhile is not met again.

    Raises:
        StoreError: while walking.
    """
    for group in [choice.group] if choice.group else sorted(await group_names(store)):
        newest = await newest_entry(store, _stream_of(store, group))
        async for letter in _of_group(store, group, Span(newest=newest)):
            if choice.wants(letter):
                yield letter


async def redrive(
    store: Store, letters: AsyncIterator[DeadLetter], *, idempotency_ttl_seconds: int
) -> AsyncIterator[tuple[DeadLetter, Redriven]]:
    """Give dead letters to their own groups again, never to others; yields what became of each.

    Raises:
        StoreError: those yielded before are redriven, the batch at hand may be.
    """
    async for letters_of_one_group in _batches(letters):
        wanted = Choice(types=(await registration(store, letters_of_one_group[0].group)).events)
        for letter in letters_of_one_group:
            if not wanted.wants(letter):
                yield letter, Redriven.NOT_WANTED
        if not (batch := [letter for letter in letters_of_one_group if wanted.wants(letter)]):
            continue
        args: list[str | int] = [
            batch[0].group,
            idempotency_ttl_seconds,
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
        args = [batch[0].group, *(letter.reference.entry_id for letter in batch)]
        replies = await store.run("discard", batch[0].reference.partition, args)
        for letter, reply in zip(batch, replies, strict=True):
            yield letter, Discarded(reply.decode())
        await forget_if_empty(store, batch[0].group)


def _stream_of(store: Store, group: str) -> Callable[[int], str]:
    return lambda partition: store.keys.dead(partition, group)


async def _of_group(store: Store, group: str, span: Span) -> AsyncIterator[DeadLetter]:
    async for reference, fields in walk(store, _stream_of(store, group), span):
        yield letter_of(group, reference, fields)


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


async def given(letters: Iterable[DeadLetter]) -> AsyncIterator[DeadLetter]:
    """Letters at hand as the stream that `redrive` and `discard` take."""
    for letter in letters:
        yield letter
