"""The right to do something once that cannot be undone, like sending a message.

A permit is asked for before the deed and confirmed after it. Whoever finds one that was granted and never confirmed
knows that a process died in between, and that the deed may or may not have been done. The permit lies beside the
idempotency record that decides whether the event is handled again at all, so both survive, or are lost, together.

Permits are limited: so many per minute and key of the limit. Whoever asks over the limit has a reservation in the next
minute that has room, and is granted the permit when that minute has come.
"""

from dataclasses import dataclass
from enum import StrEnum

from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.layout import partition_of

KEPT_SECONDS = 7 * 86_400
"""As long as the idempotency records: no event comes back later than that."""


class Grant(StrEnum):
    """How a request for a permit was answered."""

    GRANTED = "granted"
    """Do it now, then confirm, or release if it was certainly not done."""
    WAIT = "wait"
    """Over the limit: a minute is reserved; ask again after `Permit.wait_seconds`."""
    UNCONFIRMED = "claimed"
    """Granted before and never confirmed: it may have been done. (The store says ``claimed``.)"""
    DONE = "done"
    """Confirmed before."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The answer to a request.

    Attributes:
        grant: What it is.
        wait_seconds: With `Grant.WAIT`: until the reserved minute.
    """

    grant: Grant
    wait_seconds: float = 0.0


class OncePermits:
    """The permits of one group.

    Args:
        store: The open store.
        group: The consumer group.
        per_minute: Grants per calendar minute of the server's clock and key of the limit.
    """

    def __init__(self, store: Store, group: str, *, per_minute: int) -> None:
        self._store = store
        self._group = group
        self._per_minute = per_minute

    async def ask(self, name: str, limit_key: str) -> Permit:
        """Ask to do ``name``, which counts towards the limit of ``limit_key``.

        Raises:
            StoreUnavailable: Redis is; the permit may have been granted, and is then found as `Grant.UNCONFIRMED`.
        """
        grant, wait_ms = await self._run(name, limit_key, "claim", self._per_minute)
        return Permit(Grant(grant.decode()), int(wait_ms) / 1000)

    async def confirm(self, name: str, limit_key: str) -> None:
        """It is done."""
        await self._run(name, limit_key, "confirm")

    async def release(self, name: str, limit_key: str) -> None:
        """It was certainly not done: the next request is as the first."""
        await self._run(name, limit_key, "release")

    async def _run(self, name: str, limit_key: str, verb: str, *args: int) -> tuple[bytes, bytes]:
        # The permit and its limit must lie in one partition: both go where the limit's key says.
        partition = partition_of(limit_key, self._store.first_partitions)
        keys = self._store.keys
        names = (keys.once(partition, self._group, name), keys.rate_limit(partition, self._group, limit_key))
        result: tuple[bytes, bytes] = await self._store.run(
            "once", partition, [verb, KEPT_SECONDS * 1000, *args], names
        )
        return result
