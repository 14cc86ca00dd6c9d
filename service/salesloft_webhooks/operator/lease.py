"""Which of several operators works: the one that holds the lease.

As client-go does it, no clock is compared with another. A candidate takes the lease when *its own* clock says that the
record has not changed for as long as it promises; the holder stops on its own clock, well before that:

    =========  =================================================================================================
    0 s        the lease is renewed (counted from before the request was sent)
    5 s        it is renewed again
    10 s       without success the holder does nothing more: `Leadership.may_act` is asked before every step
    15 s       somebody else takes it
    =========  =================================================================================================

The clock is the one that also counts while the machine sleeps, where there is one: a holder that was suspended for a
minute must not believe that it was renewed a second ago. On SIGTERM the lease is given back, and the next one takes it
at its next look.
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from msgspec.structs import replace

from salesloft_webhooks.background import cancellation_requested
from salesloft_webhooks.deadlines import steady_seconds
from salesloft_webhooks.errors import ClusterConflict, ClusterError
from salesloft_webhooks.last_acts import last_act
from salesloft_webhooks.operator.objects import LeaseObject, LeaseSpec
from salesloft_webhooks.operator.times import micro_time
from salesloft_webhooks.telemetry import get_logger

LEASE_SECONDS = 15
RENEW_SECONDS = 5.0
ACT_SECONDS = 10.0
LOOK_SECONDS = 2.0
"""How often a candidate looks, and how soon a holder whose renewal failed tries again."""
REQUEST_SECONDS = 4.0
"""Longer than the client takes to give up on a connection: one that is cancelled meanwhile leaves its socket behind."""
RELEASE_SECONDS = 1.0
SEIZED_BY = "release-"
"""How identities begin that only let go: nobody has to wait until they do nothing more."""
SEIZURES = 5
"""A holder renews every five seconds: it does not come between five times."""

log = get_logger(__name__)


class Leases(Protocol):
    """Where leases are."""

    async def read(self, name: str) -> LeaseObject | None:
        """A lease; None: there is none."""

    async def create(self, name: str, spec: LeaseSpec) -> LeaseObject:
        """A new one."""

    async def replace(self, former: LeaseObject, spec: LeaseSpec) -> LeaseObject:
        """Change one, if nobody else has."""


class Leadership:
    """One candidate.

    Args:
        leases: Where the lease is.
        name: Its name.
        identity: This process, unlike any other that ever was.
        clock: Seconds that never go back.

    Attributes:
        term: How often this process has become the one that works. What it remembers of an earlier term is old.
        problem: Why nobody can say who leads; None: somebody can.
    """

    def __init__(self, leases: Leases, name: str, identity: str, clock: Callable[[], float] = steady_seconds) -> None:
        self.term = 0
        self.problem: str | None = "not asked yet"
        self._leases, self._name, self._identity, self._clock = leases, name, identity, clock
        self._seen: LeaseSpec | None = None
        self._seen_at = 0.0
        self._held: LeaseObject | None = None
        self._renewed_at: float | None = None
        self._changed = asyncio.Event()

    def may_act(self) -> bool:
        """Whether this process is the one that works, now."""
        return self._renewed_at is not None and self._clock() - self._renewed_at < ACT_SECONDS

    async def granted(self) -> int:
        """Wait until it is; the term."""
        while not self.may_act():
            self._changed.clear()
            await self._changed.wait()
        return self.term

    async def keep(self) -> None:
        """Take the lease whenever it can be had, and renew it, until cancelled; then it is given back."""
        try:
            while True:
                held = await self._step()
                await asyncio.sleep(RENEW_SECONDS if held else LOOK_SECONDS)
        finally:
            await self._release()

    async def _step(self) -> bool:
        """One look; whether this process holds the lease after it."""
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                held = await self._look()
            self.problem = None
        except ClusterConflict:
            self._lost()  # somebody was faster: what they wrote is seen at the next look
        except (ClusterError, TimeoutError) as exc:
            if cancellation_requested():
                raise asyncio.CancelledError from exc
            self.problem = str(exc) or "Kubernetes takes too long"
            log.warning("operator.lease_unknown", lease=self._name, error=self.problem)
        else:
            return held
        return False

    async def _look(self) -> bool:
        began = self._clock()
        found = await self._leases.read(self._name)
        if found is None:
            self._take(await self._leases.create(self._name, self._mine(None)), began)
            return True
        if found.spec != self._seen:
            self._seen, self._seen_at = found.spec, began
        if found.spec.holder_identity not in ("", None, self._identity):
            self._lost()
            promised = found.spec.lease_duration_seconds or LEASE_SECONDS
            if began - self._seen_at < promised:
                return False
        self._take(await self._leases.replace(found, self._mine(found.spec)), began)
        return True

    def _mine(self, former: LeaseSpec | None) -> LeaseSpec:
        now = micro_time()
        mine = LeaseSpec(
            holder_identity=self._identity,
            lease_duration_seconds=LEASE_SECONDS,
            acquire_time=now,
            renew_time=now,
            lease_transitions=0,
        )
        if former is None:
            return mine
        if former.holder_identity == self._identity:
            return replace(former, lease_duration_seconds=LEASE_SECONDS, renew_time=now)
        return replace(mine, lease_transitions=(former.lease_transitions or 0) + 1)

    def _take(self, written: LeaseObject, began: float) -> None:
        if not self.may_act():
            self.term += 1
        self._held, self._renewed_at = written, began
        self._changed.set()

    def _lost(self) -> None:
        self._held, self._renewed_at = None, None

    async def _release(self) -> None:
        """Give the lease back if that can be done at once; else it ends by itself."""
        held, self._held, self._renewed_at = self._held, None, None
        if held is None:
            return
        with suppress(ClusterError, TimeoutError):
            free = replace(held.spec, holder_identity="", lease_duration_seconds=1, renew_time=micro_time())
            await last_act(self._leases.replace(held, free), RELEASE_SECONDS)


async def seize(leases: Leases, name: str, identity: str, seconds: float) -> None:
    """Take a lease from whoever has it, because nobody may act any more; nobody else gets it for so many seconds.

    Args:
        leases: Where it is.
        name: Its name.
        identity: This process, unlike any other; `SEIZED_BY` is put before it.
        seconds: How long others wait until they take it.

    Returns when whoever held it does nothing any more, by their own clock.

    Raises:
        ClusterError: any of its kinds.
    """
    for left in reversed(range(SEIZURES)):
        found = await leases.read(name)
        transitions = 0 if found is None else (found.spec.lease_transitions or 0) + 1
        now = micro_time()
        mine = LeaseSpec(
            holder_identity=f"{SEIZED_BY}{identity}",
            lease_duration_seconds=math.ceil(seconds),
            acquire_time=now,
            renew_time=now,
            lease_transitions=transitions,
        )
        try:
            await (leases.create(name, mine) if found is None else leases.replace(found, mine))
        except ClusterConflict:  # it was renewed at the same moment
            if not left:
                raise
            continue
        holder = "" if found is None else found.spec.holder_identity or ""
        if holder and not holder.startswith(SEIZED_BY):
            await asyncio.sleep(ACT_SECONDS)
        return
