"""The right to do something once that cannot be undone, like sending a message.

A claim is taken before the deed and confirmed after it. Whoever finds a claim that was taken and never confirmed knows
that a process died in between, and that the deed may or may not have been done. The claim lives beside the idempotency
record that decides whether the event is handled again at all, so both survive, or are lost, together.

With a claim comes a turn: at most so many per minute and pace key. A claim over the limit reserves a place in the next
minute that has one, and is granted when that minute has come.
"""

from dataclasses import dataclass
from enum import StrEnum

from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.publish import partition_of

KEPT_SECONDS = 7 * 86_400
"""As long as the idempotency records: no event comes back later than that."""


class Grant(StrEnum):
    """What a claim was answered with."""

    GRANTED = "granted"
    """Do it now, then confirm, or release if it was certainly not done."""
    WAIT = "wait"
    """Over the limit: a place is reserved; claim again after the time given."""
    CLAIMED = "claimed"
    """Claimed before and never confirmed: it may have been done."""
    DONE = "done"
    """Confirmed before."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim.

    Attributes:
        grant: What it is.
        wait_seconds: With `Grant.WAIT`: until the reserved place.
    """

    grant: Grant
    wait_seconds: float = 0.0


class Claims:
    """The claims of one group.

    Args:
        store: The open store.
        group: The consumer group.
        per_minute: Grants per calendar minute of the server's clock and pace key.
    """

    def __init__(self, store: Store, group: str, *, per_minute: int) -> None:
        self._store = store
        self._group = group
        self._per_minute = per_minute

    async def claim(self, name: str, pace: str) -> Claim:
        """Claim the deed ``name``, whose turns are counted under ``pace``.

        Raises:
            StoreUnavailable: Redis is; the claim may have been taken, and is then found as `Grant.CLAIMED`.
        """
        grant, wait_ms = await self._run(name, pace, "claim", self._per_minute)
        return Claim(Grant(grant.decode()), int(wait_ms) / 1000)

    async def confirm(self, name: str, pace: str) -> None:
        """It is done."""
        await self._run(name, pace, "confirm")

    async def release(self, name: str, pace: str) -> None:
        """It was certainly not done: the next claim is as the first."""
        await self._run(name, pace, "release")

    async def _run(self, name: str, pace: str, verb: str, *args: int) -> tuple[bytes, bytes]:
        # Claim and pace key must lie in one partition, so both are placed by the pace.
        partition = partition_of(pace, self._store.partitions)
        keys = self._store.keys
        names = (keys.claim(partition, self._group, name), keys.pace(partition, self._group, pace))
        result: tuple[bytes, bytes] = await self._store.run(
            "claim", partition, [verb, KEPT_SECONDS * 1000, *args], names
        )
        return result
