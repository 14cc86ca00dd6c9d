"""What limits a group, as one of its workers knows it, and the permits by which its workers keep to that together.

The limits stand in the group's clock in every partition, with a number that goes up. Each call that takes says which
ones its worker knows, and is given nothing while newer ones are there; so a limit holds from the moment at which it is
written. The permits are counted in one place, partition 0, which there is always (``lua/permits.lua``). Decision 98.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.group_options import GroupOptions
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.limits import LimitsInForce, SaidLimits

PLACE = 0
"""The partition in whose slot the permits of a group are counted."""


class Permits(Struct, frozen=True):
    """The answer to a loop that asks for permits.

    Attributes:
        count: How many attempts it may begin now.
        wait_seconds: When there is none: how long to wait before asking again.
        held_up: By what: ``running`` or ``rate``; empty: by nothing.
        grant: The number of what was given, by which it comes back; 0: no rate was asked.
    """

    count: int
    wait_seconds: float = 0.0
    held_up: str = ""
    grant: int = 0


class Claim(Struct, frozen=True):
    """What a loop knows to run.

    Attributes:
        partition: Whose loop.
        attempts: How many it runs, or has permits for.
        latest: The number of the latest call that it has made about that.
        over: Of the latest that was answered, or that has failed: nothing is begun with permits of that one.
    """

    partition: int
    attempts: int
    latest: int
    over: int


class GroupLimits:
    """The limits of one consumer's group.

    Attributes:
        in_force: What holds, as far as this consumer has heard.
        limited: Whether that limits anything. Asked of each event, so it is no call.
    """

    def __init__(self, store: Store, options: GroupOptions, consumer: str) -> None:
        self.in_force = LimitsInForce()
        self.limited = False
        self._store = store
        self._options = options
        self._consumer = consumer

    def learn(self, stored: str) -> bool:
        """These hold somewhere; whether that is news. Nothing said is none."""
        if not stored:
            return False
        heard = LimitsInForce.read(stored)
        if heard.number <= self.in_force.number:
            return False
        self.in_force, self.limited = heard, bool(heard.limits)
        return True

    async def declare(self, *, refresh: bool) -> None:
        """Say what the authors of this process's handlers want.

        Args:
            refresh: It is a repetition, and changes nothing while workers of another version, of which one has started
                later, repeat something else.

        Raises:
            StoreError: nobody may have heard it; say it again.
        """
        said = SaidLimits.of(self._options.limits)
        if said.words or not refresh or "author" in self.in_force.said:
            await set_limits(self._store, self._options.name, "author", said, beside="repeated" if refresh else "")

    async def ask(
        self, partition: int, number: int, *, running: int, wanted: int, unused: Mapping[int, int]
    ) -> Permits:
        """Ask for permits, for the loop of one partition. One call at a time for each.

        Args:
            partition: Whose.
            number: Of the call, among those of that loop, from 1 up.
            running: How many attempts it runs.
            wanted: How many it could begin; 0: it gives back what it has beyond ``running``.
            unused: How many permits of before it has begun nothing with, by the numbers of their grants.

        Raises:
            StoreError: nothing was given that may be used.
        """
        args: list[Argument] = [self._options.name, self._claimant(partition), number, self._lease_ms]
        back = " ".join(f"{grant}:{count}" for grant, count in unused.items())
        reply = await self._store.run("permits", PLACE, [*args, running, wanted, back, self.in_force.stored])
        given, wait_ms, held_up, stored, grant = reply
        self.learn(stored.decode())
        return Permits(given, wait_ms / 1000, held_up.decode(), grant)

    async def keep(self, claims: Iterable[Claim]) -> None:
        """Keep the permits of what runs, for as long as a lease.

        Raises:
            StoreError: they may end.
        """
        args: list[Argument] = [self._options.name, self._lease_ms]
        for claim in claims:
            args += (self._claimant(claim.partition), claim.attempts, claim.latest, claim.over)
        await self._store.run("keep_permits", PLACE, args)

    @property
    def lease_seconds(self) -> float:
        """How long permits are kept without another word."""
        return self._options.lease_seconds

    @property
    def _lease_ms(self) -> int:
        return int(self.lease_seconds * 1000)

    def _claimant(self, partition: int) -> str:
        return f"{self._consumer} {partition}"


async def set_limits(
    store: Store, group: str, source: str, said: SaidLimits, *, beside: Literal["", "repeated", "further"] = ""
) -> LimitsInForce:
    """Say what one source wants a group to be limited to, and let every partition know what holds then.

    Args:
        store: Where.
        group: Which.
        source: ``hand``, ``declared`` or ``author``; what the first of them says counts.
        said: What it wants.
        beside: What becomes of what it said before. Empty: it is forgotten; ``repeated``: see `GroupLimits.declare`;
            ``further``: of the two limits, that of which nothing is said now stays.

    Returns:
        What holds now.

    Raises:
        StoreError: it may hold all the same, and then comes to every partition by the heartbeats of the workers.
    """
    stored = (await store.run("set_limits", PLACE, [group, source, said.whole_words, beside])).decode()
    problem: StoreError | None = None
    for partition in range(1, store.partitions if stored else 0):
        try:
            await store.run("set_limits", partition, [group, "", stored])
        except StoreError as exc:  # that the others hear of it matters more
            problem = exc
    if problem is not None:
        raise problem
    return LimitsInForce.read(stored)
