"""Claims of records outside: one person for each, for a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from salesloft_webhooks.broker.adoptions import Adoptions
from salesloft_webhooks.broker.connection.store import Store, open_store
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server
from tests.support.waiting import eventually


@pytest.fixture
async def store(server: Server) -> AsyncIterator[Store]:
    """An open store of three partitions on an empty server."""
    async with open_store(Settings.load(redis_url=server.url, partitions=3)) as store:
        yield store


async def test_a_record_is_claimed_for_one_person(store: Store) -> None:
    """Twenty ask at the same instant, each for somebody else, and one gets it; other records are their own."""
    adoptions = Adoptions(store, "crm")

    answers = await asyncio.gather(
        *(adoptions.claim({"101": str(person), f"own{person}": str(person)}, seconds=60) for person in range(20))
    )

    assert sorted(record for claimed in answers for record in claimed if record == "101") == ["101"]
    assert all(f"own{person}" in claimed for person, claimed in enumerate(answers))


async def test_the_same_person_may_ask_again(store: Store) -> None:
    """Who comes after a worker that died, with the same person, has the whole time anew; nobody else has any."""
    adoptions = Adoptions(store, "crm")
    await adoptions.claim({"101": "1"}, seconds=1)

    assert await adoptions.claim({"101": "1"}, seconds=60) == {"101": 60}

    assert await adoptions.claim({"101": "2"}, seconds=60) == {}
    (left,) = [await store.client.pttl(key) async for key in store.client.scan_iter("*:adoption:*")]
    assert left > 1000


async def test_a_claim_ends_by_itself(store: Store) -> None:
    """Nobody has to give it back, so nobody can fail to."""
    adoptions = Adoptions(store, "crm")
    await adoptions.claim({"101": "1"}, seconds=0.05)

    async def is_free() -> bool:
        return await adoptions.claim({"101": "2"}, seconds=60) == {"101": 60}

    await eventually(is_free, "the claim has ended")


async def test_groups_do_not_share_claims(store: Store) -> None:
    """Each has its own systems outside."""
    await Adoptions(store, "crm").claim({"101": "1"}, seconds=60)

    assert await Adoptions(store, "other").claim({"101": "2"}, seconds=60) == {"101": 60}


async def test_whoever_waits_is_not_kept_waiting_by_anothers_tries(store: Store) -> None:
    """The other one's claim ends at its time however often they ask, and then it is not theirs for a while."""
    adoptions = Adoptions(store, "crm")
    await adoptions.claim({"101": "1"}, seconds=1)
    assert await adoptions.claim({"101": "2"}, seconds=60) == {}
    await asyncio.sleep(0.02)  # two milliseconds that are one would look like a claim begun anew

    left = [(await adoptions.claim({"101": "1"}, seconds=1)).get("101", 0.0) for _ in range(2)]

    async def has_ended() -> bool:
        return await adoptions.claim({"101": "1"}, seconds=60) == {}

    await eventually(has_ended, "the first person's claim has ended")
    assert 1 > left[0] >= left[1] >= 0
    assert await adoptions.claim({"101": "1"}, seconds=60) == {}
    assert await adoptions.claim({"101": "2"}, seconds=60) == {"101": 60}
    assert await adoptions.claim({"101": "1"}, seconds=60) == {}


async def test_a_turn_that_nobody_takes_ends_too(store: Store) -> None:
    """Whoever waited may be gone: the key goes half a minute after the claim."""
    adoptions = Adoptions(store, "crm")
    await adoptions.claim({"101": "1"}, seconds=60)
    await adoptions.claim({"101": "2"}, seconds=60)

    (left,) = [await store.client.pttl(key) async for key in store.client.scan_iter("*:adoption:*")]

    assert 80_000 < left <= 90_000


async def test_a_partition_that_is_away_costs_only_those_whose_claims_it_has(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster one primary may be away: the others' records are claimed, and nothing is raised."""
    usual, records = Store.run, {f"r{number}": "1" for number in range(12)}

    async def run(self: Store, name: str, partition: int, *more: Any) -> Any:
        if partition == 0:
            raise StoreUnavailable("away")
        return await usual(self, name, partition, *more)

    monkeypatch.setattr(Store, "run", run)

    claims = await Adoptions(store, "crm").claim(records, seconds=60)

    assert set(claims) == {each for each in records if partition_of(each, store.first_partitions)}
    assert 0 < len(claims) < len(records)


async def test_partitions_that_hang_are_waited_for_side_by_side(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, the claims of the others are as young as one of them is slow."""
    usual, records = Store.run, {f"r{number}": "1" for number in range(12)}

    async def run(self: Store, name: str, partition: int, *more: Any) -> Any:
        if partition:
            await asyncio.sleep(0.5)
            raise StoreUnavailable("away")
        return await usual(self, name, partition, *more)

    monkeypatch.setattr(Store, "run", run)
    began = time.monotonic()

    claims = await Adoptions(store, "crm").claim(records, seconds=60)

    assert store.first_partitions > 2
    assert time.monotonic() - began < 0.9
    assert set(claims) == {each for each in records if not partition_of(each, store.first_partitions)}
