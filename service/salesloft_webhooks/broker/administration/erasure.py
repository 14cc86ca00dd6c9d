"""Erasing a person: what was stored of her goes, the ids of her events and what became of them stay.

Hers are the events that are ordered by her (entity key ``person:ID``), their copies (replays, redrives), the dead
letters of them, the errors of their attempts, and what in quarantine has her id in it. What other people's events say
of her is theirs and stays: nobody can tell it from the rest without knowing her names. Decision 75.

In this order, so that nothing slips from one place to the next unseen: a note for archives (decision 102), the stream,
dead letters (a redrive makes one an entry), follow-ups that wait (they become entries), what came into the stream
meanwhile, quarantine. Then every stream is written anew, for deleted is not gone (`stream_rewriting`), and then the
server's files. Each step can be repeated: whoever died in between begins again.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from salesloft_webhooks.broker.administration import dead_letters, quarantine
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter, Discarded
from salesloft_webhooks.broker.administration.quarantine import Removed
from salesloft_webhooks.broker.administration.scan import newest_entry
from salesloft_webhooks.broker.administration.server_files import FilesRewritten, rewrite_files
from salesloft_webhooks.broker.administration.stored_records import DeadLetter, Quarantined
from salesloft_webhooks.broker.administration.stream_rewriting import Rewritten, rewrite_stream
from salesloft_webhooks.broker.administration.streams import all_streams
from salesloft_webhooks.broker.administration.waiting_follow_ups import waiting_follow_ups
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.follow_up_rows import WaitingRow
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.errors import StoreError, StoreUnavailable
from salesloft_webhooks.settings import Settings

SLICE = 500
"""Entries examined in one call, so that the server is never blocked for long."""
BATCH = 100
"""Events erased in one call."""
LONGEST_ID = 20
"""Digits of an id."""
ALL, END = "-", "+"
"""As a range of a stream has its ends."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored of a person.

    Attributes:
        entries: Of the streams: her events, and copies of them that a replay or a redrive has made.
        letters: Her dead letters, in all groups.
        quarantined: Deliveries in quarantine that have her id in them.
        follow_ups: Of her events, those that wait.
    """

    entries: int = 0
    letters: int = 0
    quarantined: int = 0
    follow_ups: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """By name."""
        return {name: getattr(self, name) for name in ("entries", "letters", "quarantined", "follow_ups")}


@dataclass(frozen=True, slots=True)
class Erased(Found):
    """What was erased, and how far it is gone.

    Attributes:
        running: Of the entries those that a worker ran at that moment. It finished its attempt, with what it had.
        streams: How many streams came to which end when they were written anew.
        files: What became of each server's files.
    """

    running: int = 0
    streams: tuple[tuple[Rewritten, int], ...] = ()
    files: tuple[FilesRewritten, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the servers have nothing of it any more, in memory or in a file of theirs."""
        kept = {ending for ending, _ in self.streams} - {Rewritten.REPLACED, Rewritten.GONE}
        return not kept and set(self.files) <= {FilesRewritten.DONE, FilesRewritten.NONE}


class ErasedInPart(StoreUnavailable):
    """An erasure that has not come to its end; repeated, it goes on from there.

    Args:
        found: What is known to be erased. A batch whose answer is missing may be, too.
        why: What the store had against it.
    """

    def __init__(self, found: Found, why: StoreError) -> None:
        self.counts = found.counts
        words = ", ".join(f"{count:,} {name.replace('_', '-')}" for name, count in self.counts.items())
        reason = str(why).rstrip(".")
        super().__init__(f"{words} were erased, and then: {reason}. Repeat it: it goes on where it ended")


def is_person(person: str) -> bool:
    """Whether it can be the id of a person: SalesLoft's are numbers, and what is none is said to be a mistake."""
    return person.isascii() and person.isdigit() and len(person) <= LONGEST_ID


async def find_person(store: Store, person: str) -> Found:
    """What is stored of a person now. Changes nothing.

    Raises:
        StoreError: the store cannot be asked.
    """
    entries = 0
    for partition in range(store.partitions):
        async for rows in _rows(store, partition, person):
            entries += len(rows)
    letters = [letter async for letter in _letters(store, person)]
    quarantined = [one async for one in _quarantined(store, person)]
    return Found(entries, len(letters), len(quarantined), len([one async for one in _follow_ups(store, person)]))


async def erase_person(
    store: Store, settings: Settings, person: str, *, patience_seconds: float = 60.0, files: bool = True
) -> Erased:
    """Erase what is stored of a person. May be repeated, and must be when it has failed or died.

    Args:
        store: Where.
        settings: How long records live, how much memory may be used.
        person: Her id in SalesLoft.
        patience_seconds: How long to wait for workers that run something of hers, and for each server's files.
        files: Whether to have the servers make their files again.

    Raises:
        ErasedInPart: it has not come to its end.
    """
    counted = Counter[str]()
    try:
        await _erase_all(store, settings, person, counted)
        streams = await _rewrite_streams(store, settings, patience_seconds)
        written = await rewrite_files(store, patience_seconds=patience_seconds) if files else ()
    except StoreError as exc:
        raise ErasedInPart(Found(**{name: counted[name] for name in Found().counts}), exc) from exc
    return Erased(**counted, streams=streams, files=written)


async def _erase_all(store: Store, settings: Settings, person: str, counted: Counter[str]) -> None:
    """Erase what can be read; counts each thing as soon as it is gone, so that a failure leaves the count true."""
    starts = [await _newest(store, partition) for partition in range(store.partitions)]
    counted.update(entries=0, letters=0, quarantined=0, follow_ups=0, running=0)
    for partition in range(store.partitions):  # first: what an archive brings before that is found by what follows
        await store.run("note_erased", partition, [_entity(person)])
    await _erase_entries(store, settings, person, [ALL] * len(starts), counted)
    await _erase_letters(store, settings, person, counted)
    async for partition, group, row in _follow_ups(store, person):
        args: list[Argument] = [group, settings.idempotency_ttl_seconds, "erased", "", "", "", "", row.follow_up]
        counted["follow_ups"] += b"ended" in await store.run("end_later", partition, args)
        # What is being moved to another partition at this moment, after a raise, must not come there.
        for other in range(store.partitions if store.earlier else 0):
            await store.run("end_later", other, args)
    await _erase_entries(store, settings, person, [f"({start}" for start in starts], counted)
    await _erase_letters(store, settings, person, counted)  # of what came to be due meanwhile, and died at once
    async for _, outcome in quarantine.discard(store, _quarantined(store, person)):
        counted["quarantined"] += outcome is Removed.DISCARDED


async def _rewrite_streams(
    store: Store, settings: Settings, patience_seconds: float
) -> tuple[tuple[Rewritten, int], ...]:
    """How many streams came to which end."""
    streams = Counter[Rewritten]()
    for partition, stream in await all_streams(store):
        share = settings.history_memory_share
        ending = await rewrite_stream(store, partition, stream, memory_share=share, patience_seconds=patience_seconds)
        streams[ending] += 1
    return tuple(streams.items())


async def _erase_entries(
    store: Store, settings: Settings, person: str, oldest: list[str], counted: Counter[str]
) -> None:
    """Counts how many `entries` were erased, and how many of them were `running`."""
    for partition, since in enumerate(oldest):
        async for rows in _rows(store, partition, person, since):
            entries, running = await _erase(store, settings, partition, person, rows)
            counted.update(entries=entries, running=running)


async def _erase(
    store: Store, settings: Settings, partition: int, person: str, rows: list[tuple[bytes, bytes]]
) -> tuple[int, int]:
    words = [word for row in rows for word in row]
    reply = await store.run("erase", partition, [settings.idempotency_ttl_seconds, _entity(person), *words])
    return int(reply[0]), int(reply[1])


async def _erase_letters(store: Store, settings: Settings, person: str, counted: Counter[str]) -> None:
    async def without_records() -> AsyncIterator[DeadLetter]:
        # The record goes first: once the letter is gone, nothing leads to what the record says of failed attempts.
        async for letter in _letters(store, person):
            await _erase(store, settings, letter.reference.partition, person, [(b"", letter.event_id.encode())])
            yield letter

    async for _, outcome in dead_letters.discard(store, without_records()):
        counted["letters"] += outcome is Discarded.DISCARDED


async def _rows(
    store: Store, partition: int, person: str, since: str = ALL
) -> AsyncIterator[list[tuple[bytes, bytes]]]:
    """Entry id and event id of what is hers in a stream, the newest first: what shares a body stands before that."""
    before = END
    while before:
        last, found = await store.run("entries_of", partition, [_entity(person), before, since, SLICE])
        rows = list(zip(found[::2], found[1::2], strict=True))
        for at in range(0, len(rows), BATCH):
            yield rows[at : at + BATCH]
        before = f"({last.decode()}" if last else ""


async def _letters(store: Store, person: str) -> AsyncIterator[DeadLetter]:
    async for letter in dead_letters.unchanging(store, DeadLetterFilter()):
        if letter.entity_key == _entity(person):
            yield letter


async def _follow_ups(store: Store, person: str) -> AsyncIterator[tuple[int, str, WaitingRow]]:
    # After a raise what is due is moved to where her events are now: so that comes last, and nothing slips past.
    home = partition_of(_entity(person), store.partitions)
    for partition in sorted(range(store.partitions), key=lambda one: one == home):
        async for group, row in waiting_follow_ups(store, partition):
            if row.entity_key == _entity(person):
                yield partition, group, row


async def _quarantined(store: Store, person: str) -> AsyncIterator[Quarantined]:
    """What could not be read says nothing for certain: hers is whatever has her id in it as a word of its own."""
    its_id = re.compile(rb"(?<![\w.-])" + re.escape(person).encode() + rb"(?![\w.-])")
    async for one in quarantine.held(store, await newest_entry(store, store.keys.quarantine)):
        if its_id.search(one.body):
            yield one


async def _newest(store: Store, partition: int) -> str:
    return await newest_entry(store, lambda _: store.keys.events(partition))


def _entity(person: str) -> str:
    return f"person:{person}"
