"""Events that go into one message together, each into one only.

An event waits under the name of whoever is to be told. The first whose time has come takes all that wait there into a
bundle and leads it: it sends the message and closes the bundle. The others find out at their own next attempt that
they were told. If the leader's worker dies, its next attempt goes on with the same bundle; if it never comes back,
another event of the bundle does so after `PATIENCE_SECONDS`. What has been sent of it already is known by the bundle's
name, which stays (`once`). To one recipient one message is under way at a time, so a death leaves one in doubt. Only
ids are kept here, no content: what is erased meanwhile is in no message.
"""

from dataclasses import dataclass
from enum import StrEnum

from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.broker.once import KEPT_SECONDS

EVENTS_AT_MOST = 15
"""Events of one bundle: three parts of a message each, of which Slack takes fifty."""
PATIENCE_SECONDS = 1800.0
"""How long a bundle is left to the event that leads it. Longer than the pause between any two of its attempts."""


class Standing(StrEnum):
    """Where an event stands."""

    REPORTED = "reported"
    """The message that it was part of has been sent."""
    WAIT = "wait"
    """Its time has not come, or another event leads its bundle: ask again after `Joined.wait_seconds`."""
    LEAD = "lead"
    """Send the message with all of `Joined.event_ids`, then close the bundle."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to an event that wants to be told.

    Attributes:
        standing: What it is.
        wait_seconds: With `Standing.WAIT`.
        bundle: The name of its bundle; empty while it has none.
        event_ids: With `Standing.LEAD`: all events of the bundle, in the order of their coming.
    """

    standing: Standing
    wait_seconds: float = 0.0
    bundle: str = ""
    event_ids: tuple[str, ...] = ()


class Bundles:
    """The bundles of one group.

    Args:
        store: The open store.
        group: The consumer group.
    """

    def __init__(self, store: Store, group: str) -> None:
        self._store = store
        self._group = group

    async def join(self, name: str, event_id: str, *, due_ms: int = 0, gap_seconds: float = 0.0) -> Joined:
        """Let an event wait for a message to ``name``, or lead one.

        Args:
            name: Who is to be told.
            event_id: The event.
            due_ms: When, by the server's clock; 0: when ``gap_seconds`` have gone by since the latest bundle.
            gap_seconds: That time.

        Raises:
            StoreUnavailable: Redis is; the same call again says how it stands.
        """
        limits = (EVENTS_AT_MOST, int(PATIENCE_SECONDS * 1000))
        reply = await self._run(name, "join", event_id, due_ms, int(gap_seconds * 1000), *limits)
        standing, wait_ms, bundle, ids = reply
        event_ids = tuple(each.decode() for each in ids)
        return Joined(Standing(standing.decode()), int(wait_ms) / 1000, bundle.decode(), event_ids)

    async def close(self, name: str, bundle: str) -> None:
        """All of its events are told.

        Raises:
            StoreUnavailable: Redis is; may be repeated.
        """
        await self._run(name, "close", bundle)

    async def _run(self, name: str, verb: str, *args: str | int) -> tuple[bytes, bytes, bytes, list[bytes]]:
        partition = partition_of(name, self._store.first_partitions)
        parts = ("waiting", "open", "reported")
        names = [self._store.keys.bundle(partition, self._group, name, part) for part in parts]
        result: tuple[bytes, bytes, bytes, list[bytes]] = await self._store.run(
            "bundle", partition, [verb, KEPT_SECONDS * 1000, *args], names
        )
        return result
