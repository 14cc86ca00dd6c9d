"""How far the replay of an archive is: one unfinished run for each group, and its places beside the events.

States: unfinished (its row is there), then gone, by its end or because somebody gave it up. Nothing carries a run out
by itself, as consoles do with other bulk work (`run_execution`): archive and credentials are where the command is. So
it is found again by the group's name, and whoever goes on with it learns from where.
"""

from contextlib import suppress
from secrets import token_hex
from typing import Any

import msgspec

from salesloft_webhooks.broker.administration.archived_events import BEGINNING, Place
from salesloft_webhooks.broker.administration.replay import Selection
from salesloft_webhooks.broker.administration.replay_steps import read_selection, written_selection
from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.errors import SalesloftWebhooksError

COUNT = "count:"
"""What the field of an outcome begins with, beside a place."""


class Lost(SalesloftWebhooksError):
    """How far a run was is not known any more: the store has lost it, or nobody went on with it for a month.

    Args:
        problem: Half a sentence.
        row: All that is written of the run, if that is what cannot be read.

    Attributes:
        row: The same.
    """

    def __init__(self, problem: str, row: str | bytes = "") -> None:
        super().__init__(problem)
        self.row = row


class ArchiveRun(msgspec.Struct, frozen=True):
    """A replay of an archive that is not finished.

    Attributes:
        run_id: Its name.
        url: The archive.
        selection: What of it is meant, as `written_selection` has it.
        total: How many events that were when it began.
        began_ms: When, server ms.
        partitions: How many there were then: so many places it has for certain.
        by: Who began it; empty: an earlier version has not written it down.
    """

    run_id: str
    url: str
    selection: dict[str, Any]
    total: int
    began_ms: int
    partitions: int
    by: str = ""

    @property
    def chosen(self) -> Selection:
        """What of the archive is meant."""
        return read_selection(self.selection)


def new_run(store: Store, url: str, selection: Selection, total: int, now_ms: int, by: str = "") -> ArchiveRun:
    """A run that nobody knows yet."""
    return ArchiveRun(token_hex(8), url, dict(written_selection(selection)), total, now_ms, store.partitions, by)


async def begin_archive_run(store: Store, group: str, run: ArchiveRun) -> bool:
    """Write a run down, with its places; False: the group has an unfinished one, and nothing is begun.

    Raises:
        StoreError: it may be begun or not.
    """
    # Places first: without them a run is lost, while those of a run that nobody knows end by themselves.
    for partition in range(run.partitions):
        await store.run("pass_run", partition, [run.run_id, "", str(BEGINNING)])
    with translated():
        begun = bool(await store.client.hsetnx(store.keys.archive_runs, group, msgspec.json.encode(run)))
    if not begun:
        await _forget_places(store, run)
    return begun


async def archive_run(store: Store, group: str) -> ArchiveRun | None:
    """The group's unfinished run; None: there is none.

    Raises:
        Lost: what is written of it cannot be read.
        StoreError: the store cannot be asked.
    """
    with translated():
        written = await store.client.hget(store.keys.archive_runs, group)
    if written is None:
        return None
    try:
        return msgspec.json.decode(written, type=ArchiveRun)
    except msgspec.MsgspecError:
        raise Lost("what is known of the replay cannot be read: another version has begun it", written) from None


async def archive_runs(store: Store) -> dict[str, ArchiveRun]:
    """All unfinished runs, by group; but for those that another version has begun, and that cannot be read.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        rows: Any = await store.client.hgetall(store.keys.archive_runs)
    found: dict[str, ArchiveRun] = {}
    for group, written in sorted(rows.items()):
        with suppress(msgspec.MsgspecError):
            found[group.decode()] = msgspec.json.decode(written, type=ArchiveRun)
    return found


async def places_of_run(store: Store, run: ArchiveRun) -> tuple[list[Place], dict[str, int]]:
    """Where a run is in each partition, and how many events came to which outcome.

    A partition that was made since has no place: there it begins where it is furthest behind elsewhere.

    Raises:
        Lost: a place is gone.
        StoreError: the store cannot be asked.
    """
    places: list[Place] = []
    counts: dict[str, int] = {}
    for partition in range(store.partitions):
        with translated():
            fields: Any = await store.client.hgetall(store.keys.run_place(partition, run.run_id))
        texts = {name.decode(): value.decode() for name, value in fields.items()}
        if "place" not in texts and partition >= run.partitions:
            await store.run("pass_run", partition, [run.run_id, "", str(min(places))])
            texts["place"] = str(min(places))
        try:
            places.append(Place.read(texts["place"]))
        except (KeyError, ValueError):
            raise Lost(f"how far the replay was is lost (partition {partition}): give it up, and begin anew") from None
        for name, value in texts.items():
            if name.startswith(COUNT):
                outcome = name.removeprefix(COUNT)
                counts[outcome] = counts.get(outcome, 0) + int(value)
    return places, counts


async def end_archive_run(store: Store, group: str, run: ArchiveRun) -> bool:
    """A run is finished: a new one may begin; False: the group's unfinished run is not this one any more.

    Raises:
        StoreError: it may be there still.
    """
    ended = await _end(store, group, run.run_id)
    await _forget_places(store, run)
    return ended


async def give_up_archive_run(store: Store, group: str, run: ArchiveRun) -> bool:
    """A run is stopped, whoever carries it out; returns and raises what `end_archive_run` does.

    Without its places nothing more is given. Who dies before it is ended leaves one that can be given up once more.
    """
    await _forget_places(store, run)
    return await _end(store, group, run.run_id)


async def end_lost_run(store: Store, group: str, lost: Lost) -> bool:
    """The same of a run of which nothing can be read; its places, if it has any, end by themselves.

    Raises:
        StoreError: it may be there still.
    """
    return await _end(store, group, lost.row)


async def _end(store: Store, group: str, of_it_alone: str | bytes) -> bool:
    return bool(await store.run_on(store.keys.archive_runs, "end_archive_run", [group, of_it_alone]))


async def _forget_places(store: Store, run: ArchiveRun) -> None:
    for partition in range(max(store.partitions, run.partitions)):
        with translated():
            await store.client.delete(store.keys.run_place(partition, run.run_id))
