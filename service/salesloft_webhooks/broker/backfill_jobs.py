"""How far backfills have come: cursors and counts of each job, and the lease of the one process that moves them on.

All of it stands in one hash, so that a cursor, what was counted up to it and the proof that the holder still holds the
lease are one step. Who lost the lease can still publish, which is harmless, but moves no cursor.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from salesloft_webhooks.broker.connection.store import Argument, Store, translated

ROLE_JOB = "role"
"""The job of the role; others are runs."""
KEPT_SINCE = "kept_since"
"""Field of a resource: when it was first written down (server ms). Once it is later, the store has lost cursors."""
LEASE_SECONDS = 30.0
"""Without a sign of life for so long, another process goes on."""


class BackfillJob:
    """One job, as one process sees it.

    Args:
        store: Where.
        job: Its name.
        holder: The process; a name of its own.
    """

    def __init__(self, store: Store, job: str, holder: str) -> None:
        self._store, self._job, self._holder = store, job, holder

    async def hold(self) -> datetime | None:
        """Take the lease, or keep it.

        Returns:
            The time by the store's clock; None: another process has the lease.

        Raises:
            StoreError: the store cannot be asked.
        """
        held, now = await self._run("hold")
        return now if held else None

    async def release(self) -> None:
        """Give the lease back, so that nobody has to wait for its end.

        Raises:
            StoreError: the store cannot be told.
        """
        await self._run("release")

    async def commit(self, resource: str, fields: Mapping[str, str], counts: Mapping[str, int]) -> datetime | None:
        """Write down how far a resource has come, and add what was counted; by the holder only.

        Returns:
            When, by the store's clock; None: this process has not got the lease, and nothing was written.

        Raises:
            StoreError: it may or may not be written.
        """
        words: list[Argument] = [word for pair in fields.items() for word in pair]
        words += [word for pair in counts.items() for word in pair]
        held, now = await self._run("commit", resource, len(fields), *words)
        return now if held else None

    async def read(self) -> dict[str, dict[str, str]]:
        """What is written down of the job, by resource.

        Raises:
            StoreError: the store cannot be asked.
        """
        return (await jobs(self._store)).get(self._job, {})

    async def _run(self, verb: str, *args: Argument) -> tuple[bool, datetime]:
        lease_ms = int(LEASE_SECONDS * 1_000)
        held, now = await self._store.run_on(
            self._store.keys.backfill, "backfill", [verb, self._job, self._holder, lease_ms, *args]
        )
        return bool(held), datetime.fromtimestamp(int(now) / 1_000, UTC)


Jobs = dict[str, dict[str, dict[str, str]]]
"""By job and resource, what is written down."""


async def jobs(store: Store) -> Jobs:
    """Everything that is written down of all jobs; the end of a lease, in server ms, stands as ``""``, ``lease``.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        flat: dict[Any, Any] = await store.client.hgetall(store.keys.backfill)
    found: Jobs = {}
    for name, value in flat.items():
        job, _, rest = name.decode().partition("/")
        resource, _, field = rest.rpartition("/")
        found.setdefault(job, {}).setdefault(resource, {})[field] = value.decode(errors="backslashreplace")
    return found


async def forget(store: Store, job: str, resource: str = "") -> int:
    """Forget a job; or how far one resource of it has come, so that it begins anew. How many fields that were.

    Of a resource, `KEPT_SINCE` stays: nothing was lost.

    Raises:
        StoreError: the store cannot be told.
    """
    known = (await jobs(store)).get(job, {})
    names = [
        f"{job}/{each}/{field}" if each else f"{job}/{field}"
        for each, fields in known.items()
        for field in fields
        if resource in {"", each}
    ]
    if not names:
        return 0
    with translated():
        if resource:  # emptied, not removed: who reads it now must not take it for a store that has lost everything
            await store.client.hset(store.keys.backfill, f"{job}/{resource}/cursor", "")
            names = [name for name in names if name.rpartition("/")[2] not in {"cursor", KEPT_SINCE}]
        if names:
            await store.client.hdel(store.keys.backfill, *names)
    return len(names)
