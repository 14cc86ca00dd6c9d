"""Follow-ups on a real cluster: of people in several slots, on several servers, while people and slots move."""

from collections import Counter
from collections.abc import Sequence

from salesloft_webhooks.broker import Lease
from salesloft_webhooks.broker.administration.follow_up_acts import cancel_follow_ups, find_follow_up, run_now
from salesloft_webhooks.broker.administration.follow_up_filter import Cancelled, FollowUpFilter
from salesloft_webhooks.broker.administration.follow_up_look import count, page
from salesloft_webhooks.broker.administration.selected import each
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.follow_ups import id_of
from tests.integration.broker.cluster_side import CANCELLED, PEOPLE, Side, side
from tests.integration.broker.follow_up_steps import wanted
from tests.support.clusters import PRIMARIES
from tests.support.moved_slots import move_slot, owner_of, slot_of
from tests.support.servers import Server
from tests.support.waiting_follow_up import let_one_wait

BEFORE, AFTER = 2, 6
"""The number of partitions, before and after a raise."""
LATER_KEYS = tuple(f"sl:{{0}}:g:crm:{name}" for name in ("later", "later:entries", "later:subjects"))


def waiting(cluster: Sequence[Server]) -> list[set[str]]:
    """The ids of the follow-ups that wait, by the servers that have any."""
    found = []
    for node in cluster:
        with node.client() as client:
            keys = [*client.scan_iter("sl:{*}:g:crm:later:entries", 1000)]
            found.append({str(name) for key in keys for name in client.hkeys(key)})
    return [names for names in found if names]


async def test_follow_ups_wait_and_run_in_several_slots(cluster: list[Server]) -> None:
    """On three servers: each person's follow-up runs once, where that person is; what was cancelled does not."""
    async with side(cluster, AFTER) as now:
        await now.let_each_wait()
        used = waiting(cluster)
        found = await now.cancel_some()

        assert await now.begin() == len(PEOPLE) - len(CANCELLED)
        assert await now.ran() == {person: 1 for person in PEOPLE if person not in CANCELLED}
        assert await now.begin() == 0
    assert found == [True] * len(CANCELLED)
    assert len(used) > 1, "all partitions fell on one server: the test proves nothing"
    assert waiting(cluster) == []


async def test_a_raise_moves_them_between_servers(cluster: list[Server]) -> None:
    """Asked for before a raise, they are cancelled or moved after it, and each runs once where its person is now."""
    async with side(cluster, BEFORE) as before:
        await before.let_each_wait()
        async with side(cluster, AFTER, "two") as after:
            moved = [
                person for person in PEOPLE if server_of(cluster, before, person) != server_of(cluster, after, person)
            ]
            found = await after.cancel_some()

            assert await after.begin() == len(PEOPLE) - len(CANCELLED)
            assert await after.ran() == {person: 1 for person in PEOPLE if person not in CANCELLED}
            assert await after.begin() == 0
    assert found == [True] * len(CANCELLED)
    assert CANCELLED & set(moved), "nobody whose follow-up was cancelled changed the server"
    assert set(moved) - CANCELLED, "nobody whose follow-up ran changed the server"
    assert waiting(cluster) == []


def server_of(cluster: Sequence[Server], one: Side, person: int) -> int:
    """The port of the server that has a person's partition."""
    return owner_of(cluster, slot_of(cluster[0], one.store.keys.events(one.home(person)))).port


async def test_a_later_one_by_the_key_replaces_it_on_another_server(cluster: list[Server]) -> None:
    """After a raise each person has asked once more: of each only the later one runs, wherever the first has waited."""
    async with side(cluster, BEFORE) as before:
        await before.let_each_wait()
        async with side(cluster, AFTER, "two") as after:
            for person in PEOPLE:
                await after.publish("asks again", person)
            for lease in await after.by_person("asks again"):
                await after.follow_ups.ask(lease, await after.follow_ups.act(lease, wanted()))
                await after.done(lease)

            later = {id_of("crm", f"asks again-{person}", "k") for person in PEOPLE}
            assert set().union(*waiting(cluster)) == later
            assert await after.begin() == len(PEOPLE)
            assert set(await after.taken()) == later


async def test_people_list_cancel_and_run_those_of_every_server(cluster: list[Server]) -> None:
    """In one order over all partitions, also of people whose partition is another one by now; each act is at home."""
    async with side(cluster, BEFORE) as before:
        await before.publish("first", 0)  # with which format 2 is written
        for person in PEOPLE:
            await let_one_wait(before.store, person, after=60 + person)
    async with side(cluster, AFTER, "two") as after:
        store, crm = after.store, FollowUpFilter("crm")
        found = (await page(store, crm, limit=len(PEOPLE))).found
        assert [one.entity_key for one in found] == [f"person:{person}" for person in PEOPLE]
        assert len({one.partition for one in found}) == BEFORE
        assert len({server_of(cluster, after, person) for person in PEOPLE}) > 1

        done = cancel_follow_ups(store, each(found[::2]), idempotency_ttl_seconds=60)
        assert {outcome async for _, outcome in done} == {Cancelled.CANCELLED}
        for one in found[1::2]:
            known = await find_follow_up(store, one.event_id)
            assert known is not None
            await run_now(store, known, idempotency_ttl_seconds=60)
        await after.begin()

        assert set(await after.taken()) == {"first-0", *(one.event_id for one in found[1::2])}
        assert await count(store, crm) == 0


class Mover:
    """What is tried while a slot moves: of three people's follow-ups one is due, one is cancelled, one waits."""

    def __init__(self, now: Side, leases: Sequence[Lease]) -> None:
        self._now = now
        self._leases = dict(zip(PEOPLE, leases, strict=True))
        self._to_cancel: list[str] = []
        self.cancelled = 0
        self.ran: Counter[int] = Counter()
        self.refused = 0

    @property
    def is_through(self) -> bool:
        """Whether all have asked, and been cancelled where that is meant."""
        return not self._leases and not self._to_cancel

    async def step(self) -> None:
        """The next person asks, those that are to be are cancelled, what is due begins and runs."""
        for one in (self._ask, self._cancel, self._run):
            try:
                await one()
            except StoreError:
                self.refused += 1

    async def _ask(self) -> None:
        for person, lease in [*self._leases.items()][:1]:
            act = await self._now.follow_ups.act(lease, wanted(after=600 if person % 3 else 0))
            await self._now.follow_ups.ask(lease, act)
            await self._now.done(lease)
            del self._leases[person]
            if person % 3 == 1:
                self._to_cancel.append(act.follow_up)

    async def _cancel(self) -> None:
        for follow_up in [*self._to_cancel]:
            self.cancelled += await self._now.follow_ups.end(0, [follow_up], "cancelled")
            self._to_cancel.remove(follow_up)

    async def _run(self) -> None:
        await self._now.begin()
        self.ran += await self._now.ran()


async def test_none_is_lost_or_doubled_while_its_slot_moves(cluster: list[Server]) -> None:
    """Asked for, cancelled and begun whenever the cluster lets them, while their keys leave for another server."""
    async with side(cluster, 1) as now:
        slot = slot_of(cluster[0], now.store.keys.events(0))
        source = owner_of(cluster, slot)
        target, other = (node for node in cluster[:PRIMARIES] if node is not source)
        for person in PEOPLE:
            await now.publish("asks", person)
        mover = Mover(now, await now.by_person("asks"))
        for first in (LATER_KEYS[0], LATER_KEYS[1], LATER_KEYS[2], ""):
            for _ in range(2):
                await mover.step()
            for _ in move_slot(source, target, [other], slot, first):
                await mover.step()
            source, target = target, source
        while not mover.is_through:
            await mover.step()
        await mover.step()

        with source.client() as client:
            waiting = set(client.hkeys(LATER_KEYS[1]))
    assert mover.refused > 0, "nothing was tried while the slot moved: the test proves nothing"
    assert mover.ran == {person: 1 for person in PEOPLE if person % 3 == 0}
    assert mover.cancelled == len(PEOPLE[1::3])
    assert waiting == {id_of("crm", f"asks-{person}", "k") for person in PEOPLE if person % 3 == 2}
