"""What an archive has, back into one group, after the stream has forgotten it. Decision 102.

The archive is not known here: whoever reads it hands its events over, in the order in which they were received. A run
gives each of them once at most, and is gone on with wherever it was left, whoever dies (`archive_runs`).
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from salesloft_webhooks.broker.administration.archive_homes import RAISED, homes_of
from salesloft_webhooks.broker.administration.archived_events import ArchivedEvent, Place
from salesloft_webhooks.broker.administration.groups import registration
from salesloft_webhooks.broker.administration.run_steps import Moved
from salesloft_webhooks.broker.body_compression import packed
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.partition_count import follow_partitions
from salesloft_webhooks.broker.routes import FORMAT_OF_HEADS
from salesloft_webhooks.broker.sealed_data import seal_body
from salesloft_webhooks.broker.sealing import Sealing
from salesloft_webhooks.broker.store_format import StoreFormat
from salesloft_webhooks.event_patterns import is_taken
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.store_settings import BodyCompression

BATCH = 100
"""Events between two places at which all partitions are alike."""
IN_ONE_CALL, BYTES_IN_ONE_CALL = 25, 2 * 1024 * 1024
"""So many events are given by one script call, so that the server is never blocked for long."""


_WHY = {
    b"moved": "somebody else carries the same run out",
    b"stale": RAISED,
    b"no_group": "the group is not registered, which a worker that starts does",
}
"""Why a script did nothing, by its answer."""


class FromArchive(StrEnum):
    """What became of an event of an archive."""

    REPLAYED = "replayed"
    """The group gets it again (in a dry run: would get it)."""
    IN_PROGRESS = "in_progress"
    """The group has not finished it yet, so it comes anyway."""
    DEAD = "dead"
    """A dead letter of the group: redrive it instead."""
    NOT_WANTED = "not_wanted"
    """The group does not take events of this type."""
    ERASED = "erased"
    """It, or the person whom it is about, was erased after it was received."""
    REPEATED = "repeated"
    """The run has given it already."""
    NO_GROUP = "no_group"
    """The group is not registered, so nobody would handle it."""


class ArchiveReplay:
    """Gives events of an archive to one group.

    Args:
        store: Where.
        settings: How bodies are stored, how long ids are remembered.
        group: Which; it is registered.
        run_id: The run that does it, which has its places in all partitions; empty: only say what would happen.
    """

    def __init__(self, store: Store, settings: Settings, group: str, run_id: str = "") -> None:
        self._store, self._settings, self._group, self._run = store, settings, group, run_id
        self._format = StoreFormat(store, settings.store_format)
        keys = store.sealing_keys
        self._sealing = None if keys is None else Sealing(store, keys, self._format)

    async def give(
        self, events: Sequence[ArchivedEvent], places: Sequence[Place]
    ) -> list[tuple[ArchivedEvent, FromArchive]]:
        """Deal with the next events, `BATCH` at most, and pass them in all partitions.

        Args:
            events: In their order.
            places: Where the run is, by partition; of what lies before, nothing is done once more.

        Returns:
            What became of each; of those that the run had passed before, nothing.

        Raises:
            Moved: see `_WHY`. Nothing more was done: its places have to be asked for.
            StoreFull: copies take memory, and there is none.
            StoreError: the events may be dealt with in part. Asked with the places that it has by then, none of them is
                dealt with twice.
        """
        taken, end = (await registration(self._store, self._group)).events, events[-1].place
        await self._ask_how_to_write()
        wanted = [event for event in events if is_taken(event.event_type, taken)]
        not_wanted = [event for event in events if not is_taken(event.event_type, taken) and event.place > places[0]]
        homes = await homes_of(
            self._store, wanted, ttl_seconds=self._settings.idempotency_ttl_seconds, reserve=bool(self._run)
        )
        results = [(event, FromArchive.NOT_WANTED) for event in not_wanted]
        for partition, place in enumerate(places):
            if end > place:  # else it was dealt with by whoever died right behind it
                here = [
                    event
                    for event, home in zip(wanted, homes, strict=True)
                    if home == partition and event.place > place
                ]
                results += await self._give(partition, here, place, end, 0 if partition else len(not_wanted))
        return sorted(results, key=lambda each: each[0].place)

    async def _ask_how_to_write(self) -> None:
        if self._sealing is not None:
            if not self._sealing.certain:
                await self._sealing.ask()
        elif self._run:
            await self._format.current()

    async def _give(
        self, partition: int, events: Sequence[ArchivedEvent], place: Place, end: Place, not_wanted: int
    ) -> list[tuple[ArchivedEvent, FromArchive]]:
        results: list[tuple[ArchivedEvent, FromArchive]] = []
        calls = list(_calls(events))
        for number, call in enumerate(calls, 1):
            next_place = end if number == len(calls) else call[-1].place
            words: list[Argument] = [self._group, self._settings.idempotency_ttl_seconds, self._store.partitions]
            words += [self._run, str(place) if self._run else "", str(next_place), 0 if number > 1 else not_wanted]
            for event in call:
                words += self._words(event)
            answers = await self._store.run("replay_archived", partition, words)
            if isinstance(answers, bytes):
                await follow_partitions(self._store)
                raise Moved(_WHY[answers])
            results += [(event, FromArchive(answer.decode())) for event, answer in zip(call, answers, strict=True)]
            place = next_place
        return results

    def _words(self, event: ArchivedEvent) -> list[Argument]:
        body = self._body(event) if self._run else b""
        described = [event.event_type, event.entity_key, event.person_key, event.source]
        return [str(event.place), event.event_id, *described, event.received_ms, event.created_at, body]

    def _body(self, event: ArchivedEvent) -> bytes:
        """As a receiver would store it now."""
        compress = self._settings.body_compression is BodyCompression.ZSTD and self._format.known >= FORMAT_OF_HEADS
        body = packed(event.data) if compress else event.data
        keys = self._sealing.keys if self._sealing else None
        return body if keys is None else seal_body(keys, body, event.event_id)


def _calls(events: Sequence[ArchivedEvent]) -> Iterator[Sequence[ArchivedEvent]]:
    """The events of each script call: few, and not too long together, but for one alone."""
    call: list[ArchivedEvent] = []
    for event in events:
        size = sum(len(each.data) for each in call) + len(event.data)
        if call and (len(call) == IN_ONE_CALL or size > BYTES_IN_ONE_CALL):
            yield call
            call = []
        call.append(event)
    yield call
