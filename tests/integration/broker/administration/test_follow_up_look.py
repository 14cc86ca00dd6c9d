"""Follow-ups that wait, as people look at them: all, in one order, a page at a time, at a cost that does not grow."""

from datetime import UTC, datetime, timedelta
from os import urandom
from pathlib import Path
from typing import Any, cast

import pytest

from salesloft_webhooks.broker import Group, GroupOptions, open_store
from salesloft_webhooks.broker.administration import follow_up_look
from salesloft_webhooks.broker.administration.follow_up_acts import find_follow_up
from salesloft_webhooks.broker.administration.follow_up_filter import LATEST_MS, FollowUpFilter, Place, WaitingFollowUp
from salesloft_webhooks.broker.administration.follow_up_look import count, each_waiting, look, page
from salesloft_webhooks.broker.administration.server_clock import server_ms
from salesloft_webhooks.broker.body_encryption import key_line
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.broker.store_format import SEALED
from salesloft_webhooks.follow_ups import id_of
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven
from tests.support.servers import Server
from tests.support.waiting_follow_up import let_one_wait

ALL = FollowUpFilter()
PEOPLE = range(1, 13)
"""Of all three partitions."""


@pytest.fixture
async def waiting(driven: Driven) -> list[str]:
    """Follow-ups of people of every partition and of two groups, in the order in which they are due."""
    for group in ("crm", "notify"):
        await driven.group(group)
    spans = {person: 60.0 * ((person * 7) % 13) for person in PEOPLE}
    names = {
        span: await let_one_wait(driven.store, person, group="crm" if person % 2 else "notify", after=span)
        for person, span in spans.items()
    }
    return [names[span] for span in sorted(names)]


def names(found: Any) -> list[str]:
    """Their ids."""
    return [one.event_id for one in found]


async def pages(driven: Driven, wanted: FollowUpFilter, limit: int, **options: Any) -> list[list[str]]:
    """All pages, each from where the one before ended."""
    found, behind = [], None
    while True:
        piece = await page(driven.store, wanted, behind=behind, limit=limit, **options)
        found.append(names(piece.found))
        if piece.next is None:
            return found
        assert behind is None or piece.next > behind, "it goes on"
        behind = Place.parse(str(piece.next))


async def let_one_of_a_moment_wait(driven: Driven, number: int) -> str:
    """One of many that are due in the same millisecond, in one partition."""
    await driven.group()
    name = await let_one_wait(driven.store, 3, asks=f"asks {number}", key=f"k{number}")
    with driven.server.client() as client:
        (key,) = client.keys("sl:*:g:crm:later")
        client.zadd(key, {name: 2_000_000_000_000})
    return name


@pytest.mark.parametrize("at_once", [1, 250])
@pytest.mark.parametrize("limit", [1, 5, 11, 12, 50])
async def test_every_page_goes_on_where_the_one_before_ended(
    driven: Driven, waiting: list[str], monkeypatch: pytest.MonkeyPatch, limit: int, at_once: int
) -> None:
    """Of all groups and partitions in one order; each once, whatever the size of a page and of a look."""
    monkeypatch.setattr(follow_up_look, "LOOKED_AT", at_once)
    found = await pages(driven, ALL, limit)

    assert [name for piece in found for name in piece] == waiting
    assert {len(piece) for piece in found[:-1]} <= {limit}


async def test_what_it_says_of_one(driven: Driven) -> None:
    """Whose it is, what it runs and is called, when it is due and was asked for, by which event; none of its data."""
    data = b'{"email_address":"ada@crm.example"}'
    name = await let_one_wait(driven.store, 7, key="no reply", task="tell", after=90, data=data)

    (one,) = (await page(driven.store, FollowUpFilter("crm"), limit=9)).found

    assert (one.group, one.event_id, one.key, one.task) == ("crm", name, "no reply", "tell")
    assert (one.entity_key, one.asked_by, one.asked_by_type) == ("person:7", "asks-7", "person.created")
    assert one.due_at - one.asked_at == timedelta(seconds=90)
    assert abs(one.asked_at - datetime.now(UTC)) < timedelta(seconds=30)
    assert "crm.example" not in repr(one)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(FollowUpFilter(task="tell"), ["tells", "tells too"], id="task"),
        pytest.param(FollowUpFilter(key='a "k" \\ é'), ["odd"], id="key"),
        pytest.param(FollowUpFilter(key="k", entity_key="person:5"), ["late"], id="key of a person"),
        pytest.param(FollowUpFilter("notify"), ["elsewhere"], id="group"),
        pytest.param(FollowUpFilter(task="tell", entity_key="person:6"), ["tells too"], id="task and person"),
        pytest.param(FollowUpFilter(task="nobody's"), [], id="nothing"),
        pytest.param(FollowUpFilter("nobody's"), [], id="no such group"),
        pytest.param(FollowUpFilter(key="k\ud800"), [], id="no text at all"),
    ],
)
async def test_a_filter_chooses(driven: Driven, wanted: FollowUpFilter, found: list[str]) -> None:
    """Exactly what all its fields want is listed, counted and acted on."""
    await driven.group()
    await driven.group("notify")
    known = {
        await let_one_wait(driven.store, 5, key="t", task="tell"): "tells",
        await let_one_wait(driven.store, 6, task="tell", after=3_700): "tells too",
        await let_one_wait(driven.store, 5, asks="b", key='a "k" \\ é'): "odd",
        await let_one_wait(driven.store, 5, asks="c", key="k", after=9_000): "late",
        await let_one_wait(driven.store, 5, asks="d", key="other", group="notify"): "elsewhere",
    }

    listed = (await page(driven.store, wanted, limit=9)).found

    assert [known[one.event_id] for one in listed] == found
    assert await count(driven.store, wanted) == len(found)
    assert {known[one.event_id] async for one in each_waiting(driven.store, wanted)} == set(found)


async def test_only_those_that_are_due_before(driven: Driven, waiting: list[str]) -> None:
    """By time, without looking at the rest."""
    everything = (await page(driven.store, ALL, limit=50)).found
    wanted = FollowUpFilter(due_before=everything[4].due_at)

    assert names((await page(driven.store, wanted, limit=50)).found) == waiting[:4]
    assert await count(driven.store, wanted) == 4


async def test_what_is_asked_for_later_is_not_meant(driven: Driven, waiting: list[str]) -> None:
    """Nor is what its event has asked for anew since: who acts means what he has seen."""
    fixed = FollowUpFilter(asked_until_ms=await server_ms(driven.store))
    while await server_ms(driven.store) <= fixed.asked_until_ms:
        pass
    await let_one_wait(driven.store, 99)
    await let_one_wait(driven.store, 1, after=1)

    assert await count(driven.store, fixed) == len(waiting) - 1
    assert await count(driven.store, ALL) == len(waiting) + 1


async def test_many_of_one_millisecond_are_paged_through(driven: Driven) -> None:
    """Their order is that of their ids, bytes and not a language's; a place among them is found by halving."""
    known = sorted([await let_one_of_a_moment_wait(driven, number) for number in range(40)])

    assert [name for piece in await pages(driven, ALL, 7) for name in piece] == known


async def test_a_place_is_found_when_what_stood_there_is_gone(driven: Driven) -> None:
    """Between two pages the last one of the first begins or is cancelled: the second goes on right behind it."""
    known = sorted([await let_one_of_a_moment_wait(driven, number) for number in range(9)])
    first = await page(driven.store, ALL, limit=4)
    with driven.server.client() as client:
        (key,) = client.keys("sl:*:g:crm:later")
        client.zrem(key, known[3], known[5])

    second = await page(driven.store, ALL, behind=first.next, limit=4)

    assert names(second.found) == [known[4], *known[6:9]]


async def test_a_page_looks_at_few_however_many_wait(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a filter at a page of each partition; with one at so many, then it says where to go on, to the end."""
    await driven.group()
    monkeypatch.setattr(follow_up_look, "LOOKED_AT", 10)
    for number in range(120):
        await let_one_wait(driven.store, 3, asks=f"asks {number}", key=f"k{number}", after=3_600 + number)
    looked: list[int] = []

    async def counting(*args: Any, **options: Any) -> Any:
        piece = await look(*args, **options)
        looked.append(piece.looked)
        return piece

    monkeypatch.setattr(follow_up_look, "look", counting)
    first = await page(driven.store, ALL, limit=5)
    without = sum(looked)
    looked.clear()
    chosen = FollowUpFilter(key="k119")
    piece = await page(driven.store, chosen, limit=5, most_looked=30)
    with_filter = sum(looked)

    assert (len(first.found), without) == (5, 6)
    assert (piece.found, with_filter) == ((), 30)
    assert piece.next is not None
    assert [name for some in await pages(driven, chosen, 5, most_looked=30) for name in some] == [
        id_of("crm", "asks 119", "k119")
    ]


async def test_large_bodies_end_a_slice(driven: Driven) -> None:
    """A call reads about a megabyte of rows and goes on with the next: the server is never blocked for long."""
    await driven.group()
    for number in range(6):
        await let_one_wait(driven.store, 3, asks=f"asks {number}", key=f"k{number}", data=urandom(512 * 1_024))
    (partition,) = {one.partition async for one in each_waiting(driven.store, ALL)}

    piece = await look(driven.store, ALL, ("crm", partition), None)

    assert 0 < piece.looked < 6
    assert piece.reached is not None
    assert await count(driven.store, ALL) == 6


async def test_what_somebody_has_damaged_stops_nothing(
    driven: Driven, waiting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is none, one that is missing, one of no year there is: the others are listed and counted."""
    far, redis = await let_one_wait(driven.store, 3, asks="far", key="far"), cast("Any", driven.store.client)
    times = f"sl:{{{partition_of('person:3', 3)}}}:g:crm:later"
    asked, _, rest = (await redis.hget(f"{times}:entries", far)).split(b" ", 2)
    await redis.hset(f"{times}:entries", far, b" ".join((asked, b"99999999999999999", rest)))
    await redis.hset(f"{times}:entries", "follow-up/none", "no row")
    await redis.zadd(
        times, {"follow-up/none": 1, "follow-up/missing": 2, b"\xff\xfe": 3, "": 4, "x": "inf", "y": "-inf"}
    )

    found = (await page(driven.store, ALL, limit=50)).found

    monkeypatch.setattr(follow_up_look, "LOOKED_AT", 1)
    assert [name for some in await pages(driven, ALL, 1) for name in some] == names(found)
    assert set(names(found)) == {*waiting, far}
    assert max(one.due_at for one in found) == datetime.fromtimestamp(LATEST_MS / 1_000, UTC)
    assert await count(driven.store, ALL) == len(waiting) + 1


async def test_encrypted_bodies_need_no_key_to_be_listed(valkey: Server, tmp_path: Path) -> None:
    """What a follow-up says of itself stands in the clear; its data does not, and is not asked for."""
    keys = tmp_path / "keys"
    keys.write_text(f"{key_line()}\n")
    async with open_store(Settings.load(redis_url=valkey.url, body_key_file=keys)) as store:
        await store.client.hset(store.keys.encryption, "written", str(SEALED))
        await Group(store, GroupOptions("crm"), "one").register()
        name = await let_one_wait(store, 7, key="no reply", data=b'{"id":1,"subject":"a word"}')
    async with open_store(Settings.load(redis_url=valkey.url)) as store:
        (one,) = (await page(store, ALL, limit=9)).found
        known = await find_follow_up(store, name)

    assert (one.event_id, one.key) == (name, "no reply")
    assert known is not None
    assert isinstance(known.waiting, WaitingFollowUp)
