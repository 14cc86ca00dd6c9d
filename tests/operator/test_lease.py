"""Who leads, with candidates on a real API server; a second of theirs is a fraction of one here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from salesloft_webhooks.background import cancel_and_wait
from salesloft_webhooks.operator import lease
from salesloft_webhooks.operator.cluster import Cluster, open_cluster
from salesloft_webhooks.operator.lease import Leadership
from salesloft_webhooks.operator.objects import LeaseObject, LeaseSpec
from salesloft_webhooks.settings import Settings
from tests.chart.api_server import ApiServer
from tests.support.waiting import eventually

NAME = "salesloft-webhooks-operator"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", 2)
    monkeypatch.setattr(lease, "ACT_SECONDS", 1.2)
    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.3)
    monkeypatch.setattr(lease, "LOOK_SECONDS", 0.1)


@asynccontextmanager
async def _candidate(leases: lease.Leases, identity: str) -> AsyncIterator[tuple[Leadership, "asyncio.Task[None]"]]:
    candidate = Leadership(leases, NAME, identity)
    keeping = asyncio.ensure_future(candidate.keep())
    try:
        yield candidate, keeping
    finally:
        await cancel_and_wait([keeping])


class _BothAct:
    """Leases, with a remark of when two acted at once."""

    def __init__(self, *candidates: Leadership) -> None:
        self.both = False
        self._candidates = candidates

    async def watch(self) -> None:
        while True:
            self.both = self.both or sum(each.may_act() for each in self._candidates) > 1
            await asyncio.sleep(0.005)


async def test_one_of_two_leads(cluster: Cluster) -> None:
    """Of two candidates one may act, for as long as it renews its lease, and the record says which."""
    async with _candidate(cluster.leases, "a") as (first, _):
        await eventually(first.may_act, "the first leads")
        async with _candidate(cluster.leases, "b") as (second, _):
            await asyncio.sleep(2.5)

            written = await cluster.leases.read(NAME)

            assert written is not None
            assert (written.spec.holder_identity, written.spec.lease_transitions) == ("a", 0)
            assert (written.spec.acquire_time or "") < (written.spec.renew_time or "")
            assert (first.may_act(), second.may_act(), first.term) == (True, False, 1)


async def test_a_lease_is_given_back(cluster: Cluster) -> None:
    """When the one that leads is ended in order, the other one leads at its next look, not when the lease ends."""
    async with _candidate(cluster.leases, "a") as (first, keeping):
        await eventually(first.may_act, "the first leads")
        async with _candidate(cluster.leases, "b") as (second, _):
            await cancel_and_wait([keeping])
            acted = first.may_act()

            await eventually(second.may_act, "the second leads", seconds=1.0)

            assert not acted


async def test_a_dead_leader_is_followed_after_its_lease(cluster: Cluster) -> None:
    """What a dead leader has written is waited for: nobody leads before the lease has ended on the other's clock."""
    clock = asyncio.get_running_loop().time
    written = LeaseSpec(holder_identity="dead", lease_duration_seconds=2, renew_time="2020-01-01T00:00:00.000000Z")
    await cluster.leases.create(NAME, written)
    began = clock()

    async with _candidate(cluster.leases, "b") as (second, _):
        await second.granted()

        now = await cluster.leases.read(NAME)
        assert 1.9 < clock() - began < 4
        assert now is not None
        assert (now.spec.holder_identity, now.spec.lease_transitions) == ("b", 1)


async def test_clocks_are_not_compared(cluster: Cluster) -> None:
    """A leader whose clock is years behind keeps its lease for as long as it renews it."""
    clock = asyncio.get_running_loop().time
    slow = LeaseSpec(holder_identity="slow clock", lease_duration_seconds=3, renew_time="2020-01-01T00:00:00.000000Z")
    await cluster.leases.create(NAME, slow)
    async with _candidate(cluster.leases, "b") as (second, _):
        began, number = clock(), 0
        while clock() - began < 4.5:
            number += 1
            renewed = replace(slow, renew_time=f"2020-01-01T00:00:00.{number:06}Z")
            await cluster.leases.replace(await _latest(cluster), renewed)
            await asyncio.sleep(0.2)

        assert second.term == 0


async def _latest(cluster: Cluster) -> LeaseObject:
    found = await cluster.leases.read(NAME)
    assert found is not None
    return found


class _Cut:
    """Leases whose answers do not come any more, once they are cut off."""

    def __init__(self, leases: lease.Leases) -> None:
        self.cut = False
        self._leases = leases

    async def read(self, name: str) -> LeaseObject | None:
        if self.cut:
            await asyncio.Event().wait()
        return await self._leases.read(name)

    async def create(self, name: str, spec: LeaseSpec) -> LeaseObject:
        return await self._leases.create(name, spec)

    async def replace(self, former: LeaseObject, spec: LeaseSpec) -> LeaseObject:
        return await self._leases.replace(former, spec)


async def test_a_leader_that_cannot_renew_stops_before_another_begins(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a leader's connection is dead, nobody acts at the same time as the one that takes its place."""
    monkeypatch.setattr(lease, "REQUEST_SECONDS", 0.5)
    line = _Cut(cluster.leases)
    async with _candidate(line, "a") as (first, _):
        await eventually(first.may_act, "the first leads")
        async with _candidate(cluster.leases, "b") as (second, _):
            both = _BothAct(first, second)
            watching = asyncio.ensure_future(both.watch())

            line.cut = True
            await eventually(second.may_act, "the second leads", seconds=6)

            await cancel_and_wait([watching])
            assert not both.both
            assert not first.may_act()


async def test_a_leader_outlives_its_api_server(own_kubernetes: ApiServer) -> None:
    """While the API server is away nobody may act; when it is back somebody may, and it is a new term."""
    namespace = own_kubernetes.namespace("outlives")
    async with (
        open_cluster(Settings.load(kubeconfig=own_kubernetes.kubeconfig(namespace)), "a") as cluster,
        _candidate(cluster.leases, "a") as (leader, _),
    ):
        await eventually(leader.may_act, "it leads")

        own_kubernetes.kill()
        await eventually(lambda: not leader.may_act(), "it stops", seconds=3)
        await asyncio.to_thread(own_kubernetes.serve)

        await eventually(leader.may_act, "it leads again", seconds=20)
        assert leader.term >= 2


async def test_a_candidate_gives_nothing_back_that_it_does_not_hold(cluster: Cluster) -> None:
    """One that ends without having led leaves the lease of the other as it is."""
    async with _candidate(cluster.leases, "a") as (first, _):
        await eventually(first.may_act, "the first leads")
        async with _candidate(cluster.leases, "b"):
            await asyncio.sleep(0.3)

        assert (await _latest(cluster)).spec.holder_identity == "a"
