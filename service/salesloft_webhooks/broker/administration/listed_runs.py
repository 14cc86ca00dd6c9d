"""All bulk work as people look at it: what consoles carry out (`runs`), and replays of an archive (`archive_runs`).

Of the latter only what is not finished is there: it is gone on with by the command that reads the archive, and stopped
as any other run.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from salesloft_webhooks.broker.administration import runs as carried_out
from salesloft_webhooks.broker.administration.archive_runs import (
    COUNT,
    ArchiveRun,
    archive_runs,
    give_up_archive_run,
)
from salesloft_webhooks.broker.administration.run_records import Run, RunKind, RunState
from salesloft_webhooks.broker.administration.runs import KEPT
from salesloft_webhooks.broker.connection.store import Store, translated


async def runs(store: Store, *, limit: int = KEPT) -> list[Run]:
    """The latest of consoles, and all unfinished replays of archives: the latest begun first, as far as they are now.

    Raises:
        StoreError: the store cannot be asked.
    """
    found = [*await _of_archives(store), *await carried_out.runs(store, limit=limit)]
    return sorted(found, key=lambda run: run.began_at, reverse=True)


async def unfinished_runs(store: Store) -> list[Run]:
    """Those that have not ended, the first begun first, each as far as it is now.

    Raises:
        StoreError: the store cannot be asked.
    """
    found = [*await _of_archives(store), *await carried_out.unfinished_runs(store)]
    return sorted(found, key=lambda run: run.began_at)


async def find_run(store: Store, run_id: str) -> Run | None:
    """One run, as far as it is now; None: there is none, or none any more.

    Raises:
        StoreError: the store cannot be asked.
    """
    if found := await carried_out.find_run(store, run_id):
        return found
    return next((run for run in await _of_archives(store) if run.run_id == run_id), None)


async def stop(store: Store, run_id: str, *, by: str) -> RunState | None:
    """Let nothing more be done by a run. The replay of an archive is given up with it.

    Returns:
        As `runs.stop`.

    Raises:
        StoreError: the store cannot be told.
    """
    for group, run in (await archive_runs(store)).items():
        if run.run_id == run_id:
            return RunState.STOPPED if await give_up_archive_run(store, group, run) else None
    return await carried_out.stop(store, run_id, by=by)


async def _of_archives(store: Store) -> list[Run]:
    return [await _as_run(store, group, run) for group, run in (await archive_runs(store)).items()]


async def _as_run(store: Store, group: str, run: ArchiveRun) -> Run:
    """How far it is, without making a place where it has none yet: whoever looks may not be allowed to."""
    counts = Counter[str]()
    signs, lost = [run.began_ms], False
    for partition in range(max(store.partitions, run.partitions)):
        with translated():
            fields: Any = await store.client.hgetall(store.keys.run_place(partition, run.run_id))
        texts = {name.decode(): value.decode(errors="replace") for name, value in fields.items()}
        lost |= "place" not in texts and partition < run.partitions
        signs.append(int(texts.get("changed", "0")))
        counts.update({name.removeprefix(COUNT): int(texts[name]) for name in texts if name.startswith(COUNT)})
    how = f"how far it is was lost: `replay {group} --give-up`, and begin anew" if lost else ""
    return Run(
        run_id=run.run_id,
        kind=RunKind.REPLAY_ARCHIVE,
        group=group,
        by=run.by,
        selection={"from": run.url, **run.selection},
        total=run.total,
        ends=(),
        state=RunState.UNFINISHED,
        began_at=_moment(run.began_ms),
        changed_at=_moment(max(signs)),
        reason=how or f"should its command be gone, `replay {group} --resume` goes on",
        outcomes=dict(counts),
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1_000, UTC)
