"""Bulk work that survives who began it: begin it, look at it, stop it. What a run is: `run_records.py`."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Any

import msgspec

from salesloft_webhooks.broker.administration.run_records import NewRun, Run, RunState, read_run, written_run
from salesloft_webhooks.broker.connection.store import Argument, Store, translated
from salesloft_webhooks.errors import StoreRefused

KEPT = 500
"""So many runs are remembered."""
MOST_UNFINISHED = 20
"""So many may be unfinished: they take turns, and a person should be able to read what is going on."""
_COUNT = "count:"


class TooManyRuns(StoreRefused):
    """As many runs are unfinished as may be."""


async def begin(store: Store, new: NewRun) -> str:
    """Begin a run: a console carries it out from now on.

    Returns:
        Its id.

    Raises:
        TooManyRuns: begin it when others have ended.
        StoreError: it may or may not have begun.
    """
    run_id = token_hex(6)
    args: list[Argument] = [run_id, KEPT, MOST_UNFINISHED, *written_run(new)]
    if await store.run_on(store.keys.runs, "begin_run", args) == b"too_many":
        raise TooManyRuns(f"{MOST_UNFINISHED} runs are unfinished: wait for them, or stop one")
    return run_id


async def stop(store: Store, run_id: str, *, by: str) -> RunState | None:
    """Let nothing more be done by a run; the batch in hand is finished.

    Returns:
        How it stands then: not stopped yet when a console is at it, which stops in a moment; None: there is none.

    Raises:
        StoreError: the store cannot be told.
    """
    answer = await store.run_on(store.keys.runs, "stop_run", [run_id, by])
    if answer == b"stopped" and (run := await find_run(store, run_id)):
        # Nobody carries it out any more who would write that down; its places end by themselves.
        outcomes = msgspec.json.encode(run.outcomes)
        with translated():
            await store.client.hset(store.keys.run(run_id), "outcomes", outcomes)
    run = await stored_run(store, run_id)
    return run.state if run else None


async def runs(store: Store, *, limit: int = KEPT) -> list[Run]:
    """The latest runs, the latest first, as far as they are at this moment.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        names: Any = await store.client.zrevrange(store.keys.runs, 0, limit - 1)
    found = [await find_run(store, name.decode()) for name in names]
    return [run for run in found if run]


async def unfinished_runs(store: Store) -> list[Run]:
    """Those that have not ended, the first begun first: `MOST_UNFINISHED` at the most, each as far as it is now.

    The list of them changes in the very step in which a run begins or ends, so it is right also while nobody is left
    who carries them out.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        names: Any = await store.client.zrange(f"{store.keys.runs}:unfinished", 0, MOST_UNFINISHED - 1)
    found = await asyncio.gather(*(find_run(store, name.decode()) for name in names))
    return [run for run in found if run and not run.state.ended]


async def find_run(store: Store, run_id: str) -> Run | None:
    """One run, as far as it is at this moment; None: there is none, or it is forgotten.

    Raises:
        StoreError: the store cannot be asked.
    """
    run = await stored_run(store, run_id)
    if run is None or run.outcomes:
        return run
    return replace(run, outcomes=total_outcomes(await places_of(store, run)))


async def stored_run(store: Store, run_id: str) -> Run | None:
    """Like `find_run`, without outcomes unless it has ended.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        fields: Any = await store.client.hgetall(store.keys.run(run_id))
    return read_run(run_id, fields)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run has come to in one partition.

    Attributes:
        entry_id: Everything up to there is dealt with; None: it has no place there, or not any more.
        outcomes: How many things came to which outcome.
    """

    entry_id: str | None
    outcomes: Mapping[str, int]


async def places_of(store: Store, run: Run) -> list[Place]:
    """Where a run has come to, by partition.

    Raises:
        StoreError: the store cannot be asked.
    """
    places = []
    for partition in range(len(run.ends)):
        with translated():
            fields: Any = await store.client.hgetall(store.keys.run_place(partition, run.run_id))
        texts = {name.decode(): value.decode() for name, value in fields.items()}
        counts = {name.removeprefix(_COUNT): int(value) for name, value in texts.items() if name.startswith(_COUNT)}
        places.append(Place(texts.get("place"), counts))
    return places


def total_outcomes(places: Iterable[Place]) -> dict[str, int]:
    """How many things came to which outcome in all partitions."""
    counts: Counter[str] = Counter()
    for place in places:
        counts.update(place.outcomes)
    return dict(counts)


async def forget_places(store: Store, run: Run) -> None:
    """Remove the places of a run that has ended.

    Raises:
        StoreError: what is left ends by itself.
    """
    for partition in range(len(run.ends)):
        key = store.keys.run_place(partition, run.run_id)
        with translated():
            await store.client.delete(key, f"{key}:copies")
