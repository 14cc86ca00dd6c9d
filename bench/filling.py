"""Events in the store as the receiver puts them there, without HTTP, and fast enough for millions of them.

The publisher stores the first ones, and its calls are overheard. All later ones are the same calls with other ids, sent
as fast as the server takes them: so the entries and records are those that the publisher writes, whatever it sends.
"""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import hiredis

from bench.traffic import FIRST_PERSON, PEOPLE, compact, event_id, person
from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.entry_head import packed_id
from salesloft_webhooks.broker.group_commit import MAX_EVENTS
from salesloft_webhooks.broker.id_digest import digest_of
from salesloft_webhooks.broker.scripts import script
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings

TYPE = "person.updated"
AHEAD = 4
"""Calls that are on their way to the server at once."""
RECEIVE_BYTES = 1 << 16


def deliveries(count: int, people: int, run: int = 0) -> Iterator[NewDelivery]:
    """Updates of so many people, one after another."""
    bodies = [compact(person(FIRST_PERSON + number)) for number in range(people)]
    for number in range(count):
        key = f"person:{FIRST_PERSON + number % people}"
        created = "2026-03-07T04:26:14Z"
        event = NewEvent(event_id(run, number), TYPE, key, created, bodies[number % people])
        yield NewDelivery("default", (event,))


def fill(redis_url: str, count: int, people: int = PEOPLE, run: int = 0) -> None:
    """Publish that many new events about so many people; each person's events have the same body."""
    cycle = people * max(1, -(-MAX_EVENTS // people))  # what is repeated: whole batches that name everybody
    settings, repeats = Settings.load(redis_url=redis_url), max(0, count // cycle - 1)
    first = cycle if repeats else count
    calls = asyncio.run(_publish(settings, deliveries(first, people, run)))
    if repeats:
        ids = {event_id(run, number): number for number in range(cycle)}
        templates = [Template.of(call, ids) for call in calls]
        if sum(len(each.places) for each in templates) != cycle:
            raise RuntimeError("not every id was found in what the publisher sends")
        _repeat(redis_url, (each.packed(run, turn * cycle) for turn in range(1, repeats + 1) for each in templates))
        rest = islice(deliveries(count, people, run), cycle * (repeats + 1), None)
        asyncio.run(_publish(settings, rest))


class Overheard(Store):
    """A store that remembers what `publish.lua` was called with."""

    calls: list[tuple[str, Sequence[Argument]]]

    async def run(self, name: str, partition: int, args: Sequence[Argument], keys: Sequence[str] = ()) -> Any:
        """Run it, and remember."""
        if name == "publish":
            self.calls.append((self.keys.events(partition), args))
        return await super().run(name, partition, args, keys)


async def _publish(settings: Settings, what: Iterator[NewDelivery]) -> list[tuple[str, Sequence[Argument]]]:
    async with open_store(settings) as opened:
        store = Overheard(opened.client, opened.keys, opened.partitions)
        store.lines, store.calls = opened.lines, []
        async with Publisher(store, settings) as publisher:
            while batch := list(islice(what, 2 * MAX_EVENTS)):
                await asyncio.gather(*(publisher.publish(delivery) for delivery in batch))
        return store.calls


@dataclass(frozen=True)
class Template:
    """A call of `publish.lua`, and which of its words are ids of which events; an id's digest and head follow it."""

    words: list[Any]
    places: dict[int, int]

    @classmethod
    def of(cls, call: tuple[str, Sequence[Argument]], numbers: dict[str, int]) -> "Template":
        """The call with its ids found."""
        stream, args = call
        words: list[Any] = ["EVALSHA", script("publish").digest, 1, stream, *args]
        found = {at: numbers[word] for at, word in enumerate(words) if isinstance(word, str) and word in numbers}
        return cls(words, found)

    def packed(self, run: int, added: int) -> bytes:
        """The call for the events whose numbers are higher by so much."""
        words = self.words.copy()
        for at, number in self.places.items():
            new_id = event_id(run, number + added)
            words[at : at + 3] = new_id, digest_of(new_id), _head_of(new_id, words[at + 2], words[at])
        packed: bytes = hiredis.pack_command(tuple(words))
        return packed


def _head_of(new_id: str, head: bytes, old_id: str) -> bytes:
    """The head of another event: the id in it is packed, or its own text where the store has the earlier format."""
    for old, new in ((packed_id(old_id, TYPE), packed_id(new_id, TYPE)), (old_id.encode(), new_id.encode())):
        if head.count(old) == 1:
            return head.replace(old, new)
    raise RuntimeError("the id was not found in the head that the publisher sends")


def _repeat(redis_url: str, calls: Iterator[bytes]) -> None:
    """Make all these calls, a few ahead of the answers."""
    address = urlsplit(redis_url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=60) as connection:
        reader, ahead = hiredis.Reader(), 0
        for call in calls:
            connection.sendall(call)
            ahead += 1
            while ahead >= AHEAD:
                ahead -= _answered(connection, reader)
        while ahead:
            ahead -= _answered(connection, reader)


def _answered(connection: socket.socket, reader: hiredis.Reader) -> int:
    """How many calls have been answered now; each of their events has to be new."""
    reader.feed(connection.recv(RECEIVE_BYTES))
    answered = 0
    while (answer := reader.gets()) is not False:
        if not isinstance(answer, list) or set(answer) != {b"new"}:
            raise RuntimeError(f"the store answered {answer!r:.300}")
        answered += 1
    return answered
