"""What people were told, as the store keeps it, and the lease of the one process that tells them.

Both stand in one hash, so that a ledger is written by the holder only: who has lost the lease writes nothing.
"""

from typing import Any

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Argument, Store, translated


class Held(Struct, frozen=True):
    """The lease is the caller's.

    Attributes:
        now_ms: By the store's clock.
        taken: Whether it was not the caller's before.
        ledger: If so, what is written down; empty: nothing.
    """

    now_ms: int
    taken: bool
    ledger: bytes


class AlertLedger:
    """The ledger, as one process sees it.

    Args:
        store: Where.
        holder: The process; a name of its own.
        lease_seconds: Without a sign of life for so long, another process goes on.
    """

    def __init__(self, store: Store, holder: str, lease_seconds: float) -> None:
        self._store, self._holder, self._lease_ms = store, holder, int(lease_seconds * 1_000)

    async def hold(self) -> Held | None:
        """Take the lease, or keep it; None: another process has it.

        Raises:
            StoreError: the store cannot be asked.
        """
        state, now, ledger = await self._run("hold")
        return Held(int(now), state > 1, ledger) if state else None

    async def commit(self, ledger: bytes) -> bool:
        """Write the ledger down, by the holder only.

        Returns:
            False: this process has not got the lease, and nothing was written.

        Raises:
            StoreError: it may or may not be written.
        """
        state, *_ = await self._run("commit", ledger)
        return bool(state)

    async def release(self) -> None:
        """Give the lease back, so that nobody has to wait for its end.

        Raises:
            StoreError: the store cannot be told.
        """
        await self._run("release")

    async def _run(self, verb: str, *args: Argument) -> Any:
        words: list[Argument] = [verb, self._holder, self._lease_ms, *args]
        return await self._store.run_on(self._store.keys.alerts, "alert_ledger", words)


async def written_ledger(store: Store) -> bytes:
    """What is written down, by whomever; empty: nothing.

    Raises:
        StoreError: the store cannot be asked.
    """
    with translated():
        found: Any = await store.client.hget(store.keys.alerts, "ledger")
    return found or b""
