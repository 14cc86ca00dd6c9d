"""A lease that is taken by force, because nobody may act any more."""

import asyncio

import pytest

from salesloft_webhooks.operator import lease
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.lease import SEIZED_BY, Leadership, seize
from salesloft_webhooks.operator.objects import LeaseObject, LeaseSpec
from tests.support.waiting import eventually

NAME = "salesloft-webhooks-operator"
ACT_SECONDS = 1.0


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "ACT_SECONDS", ACT_SECONDS)
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.3)
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.1)


async def test_whoever_held_it_may_not_act_when_it_is_seized(cluster: Cluster) -> None:
    """Also a holder that is cut off and sees nothing of it: its own clock ends it before we begin."""
    holder = Leadership(cluster.leases, NAME, "a")
    await holder._step()
    may_act = holder.may_act()

    await seize(cluster.leases, NAME, "b", 60)

    assert (may_act, holder.may_act()) == (True, False)
    assert not await holder._step()
    written = await cluster.leases.read(NAME)
    assert written is not None
    assert (written.spec.holder_identity, written.spec.lease_duration_seconds) == (f"{SEIZED_BY}b", 60)


async def test_others_wait_as_long_as_it_says(cluster: Cluster) -> None:
    """A candidate leads when that time is over, and not before; no time of its own counts."""
    await seize(cluster.leases, NAME, "b", 2)
    candidate = Leadership(cluster.leases, NAME, "c")
    began = asyncio.get_running_loop().time()
    keeping = asyncio.ensure_future(candidate.keep())
    await eventually(candidate.may_act, "it leads", seconds=5)
    waited = asyncio.get_running_loop().time() - began
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)

    assert waited >= 2


async def test_who_only_lets_go_is_not_waited_for(cluster: Cluster) -> None:
    """A second attempt, and the lingering after the first one, take no time."""
    async with asyncio.timeout(ACT_SECONDS / 2):
        for _ in range(3):
            await seize(cluster.leases, NAME, "b", 60)


async def test_a_renewal_at_the_same_moment_is_no_obstacle(cluster: Cluster) -> None:
    """The lease is taken as it is then."""
    holder = Leadership(cluster.leases, NAME, "a")
    await holder._step()

    class Renewed:
        """Leases that the holder renews between a look and a write, once."""

        renewed = False

        async def read(self, name: str) -> LeaseObject | None:
            """As it was before that."""
            found = await cluster.leases.read(name)
            if not self.renewed:
                self.renewed = await holder._step()
            return found

        async def create(self, name: str, spec: LeaseSpec) -> LeaseObject:
            """As ever."""
            return await cluster.leases.create(name, spec)

        async def replace(self, former: LeaseObject, spec: LeaseSpec) -> LeaseObject:
            """As ever."""
            return await cluster.leases.replace(former, spec)

    leases = Renewed()
    await seize(leases, NAME, "b", 60)

    written = await cluster.leases.read(NAME)
    assert leases.renewed
    assert written is not None
    assert written.spec.holder_identity == f"{SEIZED_BY}b"
