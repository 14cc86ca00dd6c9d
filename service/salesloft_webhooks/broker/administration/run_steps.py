"""What runs do, a batch at a time: one class for each kind. Why no batch is done twice, `run_records.py` says.

A kind that acts by a script of the partition hands the run's place to that script. One that acts elsewhere first and
moves the place afterwards must be harmless when it is done again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter, parse_handle
from salesloft_webhooks.broker.administration.dead_letter_look import AT_ONCE, look
from salesloft_webhooks.broker.administration.groups import forget_if_empty, registration
from salesloft_webhooks.broker.administration.run_records import Run, RunKind
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.event_patterns import is_taken

BATCH = 100
"""Things that a run deals with before others have their turn."""
IN_ONE_CALL = 25
"""Letters in one script call, so that the server is never blocked for long: each is read and written whole."""
LOOKED_AT = 10 * AT_ONCE
"""So many things are looked at for one batch, where few of them are wanted."""


class Moved(Exception):
    """The run is not at the place that the caller thinks: somebody else has gone on."""


class Steps(Protocol):
    """How runs of one kind get on."""

    async def batch(self, run: Run, partition: int, place: str) -> int:
        """Deal with what comes next behind a place, and move the run on; to ``run.ends[partition]`` in the end.

        Returns:
            How many things were acted on.

        Raises:
            Moved: the run is elsewhere; nothing was done.
            StoreError: it may or may not be done; asked again, it is not done twice.
        """

    async def end(self, run: Run) -> None:
        """Tidy up behind a run of which all is done.

        Raises:
            StoreError: it is tried again.
        """


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a batch is about.

    Attributes:
        ids: Of the things to act on.
        next_place: Everything up to there is dealt with then.
        not_wanted: How many things are passed over because the group does not take events of their type any more:
            before each of `ids`, and behind the last.
    """

    ids: Sequence[str]
    next_place: str
    not_wanted: Sequence[int] = ()

    def calls(self) -> Iterator[tuple[Sequence[str], str, int]]:
        """What each script call is about: ids, the next place, and how many things are passed over up to there."""
        for first in range(0, max(1, len(self.ids)), IN_ONE_CALL):
            ids = self.ids[first : first + IN_ONE_CALL]
            last = first + IN_ONE_CALL >= len(self.ids)
            passed = self.not_wanted[first:] if last else self.not_wanted[first : first + IN_ONE_CALL]
            yield ids, self.next_place if last else ids[-1], sum(passed)


async def move(store: Store, run: Run, partition: int, place: str, next_place: str, **outcomes: int) -> None:
    """Move a run on, and count what has become of what it passes.

    Raises:
        Moved: it is not at that place.
        StoreError: it may or may not be moved.
    """
    counts: list[Argument] = [word for pair in outcomes.items() for word in pair]
    if await store.run("pass_run", partition, [run.run_id, place, next_place, *counts]) == b"moved":
        raise Moved


async def act(store: Store, script: str, partition: int, args: Sequence[Argument]) -> None:
    """Run a script that moves a run on.

    Raises:
        Moved: it is not at that place; nothing was done.
        StoreError: it may or may not be done.
    """
    if await store.run(script, partition, args) == b"moved":
        raise Moved


class LetterSteps:
    """Redrives and discards dead letters: those that a filter matches, or named ones."""

    def __init__(self, store: Store, idempotency_ttl_seconds: int) -> None:
        self._store, self._ttl = store, idempotency_ttl_seconds

    async def batch(self, run: Run, partition: int, place: str) -> int:
        """As `Steps` has it."""
        chosen = await self._choose(run, partition, place)
        for ids, next_place, not_wanted in chosen.calls():
            places = [run.run_id, place, next_place]
            if run.kind is RunKind.REDRIVE:
                args: list[Argument] = [run.group, self._ttl, *places, not_wanted, *ids]
                await act(self._store, "redrive", partition, args)
            else:
                await act(self._store, "discard", partition, [run.group, *places, *ids])
            place = next_place
        return len(chosen.ids)

    async def end(self, run: Run) -> None:
        """As `Steps` has it."""
        await forget_if_empty(self._store, run.group)

    async def _choose(self, run: Run, partition: int, place: str) -> Chosen:
        end = run.ends[partition]
        if "letters" in run.selection:
            ids = _named(run.selection["letters"], partition, place)
            return Chosen(ids[:BATCH], ids[BATCH - 1] if len(ids) > BATCH else end)
        choice, taken = msgspec.convert(run.selection, DeadLetterFilter), await self._taken(run)
        ids, not_wanted, looked_at = list[str](), [0], 0
        while looked_at < LOOKED_AT:
            page = await look(self._store, run.group, partition, f"({place}", end)
            for letter in filter(choice.wants, page):
                place = letter.reference.entry_id
                if not is_taken(letter.event_type, taken):
                    not_wanted[-1] += 1
                    continue
                ids.append(place)
                not_wanted.append(0)
                if len(ids) == BATCH:
                    return Chosen(ids, place, not_wanted)
            if len(page) < AT_ONCE:
                return Chosen(ids, end, not_wanted)
            place = page[-1].reference.entry_id
            looked_at += len(page)
        return Chosen(ids, place, not_wanted)

    async def _taken(self, run: Run) -> tuple[str, ...]:
        """What the group takes: nobody would handle the rest. What is thrown away need not be taken."""
        return () if run.kind is RunKind.DISCARD else (await registration(self._store, run.group)).events


def _named(handles: Iterable[str], partition: int, place: str) -> list[str]:
    """The ids of the letters of a partition that are named and lie behind a place."""
    named = (parsed[1] for handle in handles if (parsed := parse_handle(handle)))
    behind = Reference.of(partition, place.encode())
    return [one.entry_id for one in sorted(named) if one.partition == partition and one > behind]
