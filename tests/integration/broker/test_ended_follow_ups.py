"""Follow-ups that are cancelled, held back, erased, or go with their group."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.broker import FollowUps, Outcome, Settlement
from salesloft_webhooks.broker.administration import erasure
from salesloft_webhooks.broker.administration.bodies_by_key import bodies_by_key
from salesloft_webhooks.broker.administration.erasure import erase_person
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.waiting_follow_ups import waiting_follow_ups
from salesloft_webhooks.broker.body_encryption import key_line
from salesloft_webhooks.errors import StoreFull
from salesloft_webhooks.follow_ups import id_of
from salesloft_webhooks.settings import Ordering, Settings
from tests.integration.broker.follow_up_steps import LATER, asked, begun, running, wanted
from tests.support.broker_bench import STREAM, Bench, open_bench, settle, take
from tests.support.servers import Server


async def test_what_was_cancelled_when_due_is_given_to_nobody(bench: Bench) -> None:
    """Cancelled between its time and a take, a follow-up is passed over, and a replay of it too."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await begun(group, bench)

    ended = await FollowUps(bench.store, group.options).end_by_key(lease, "k")

    assert (ended.found, ended.running) == (True, False)
    assert await take(group) == ()
    entry = bench.redis.xrange(STREAM)[-1][0]
    assert await bench.store.run("replay", 0, ["crm", 60, "wet", "", "", "", "0-0", 0, entry]) == [b"gone"]


async def test_what_runs_when_it_is_cancelled_ends_and_is_not_tried_again(bench: Bench) -> None:
    """Cancelled while it runs, a follow-up is reported as running; its failure is the end of it."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await begun(group, bench)
    (again,) = await take(group)

    ended = await FollowUps(bench.store, group.options).end_by_key(lease, "k")
    await settle(group, again, Outcome.RETRY)

    assert ended.running
    assert await take(group) == ()
    assert set(bench.pending()) == {lease.entry_id}


async def test_a_copy_behind_a_head_is_never_a_follow_up(bench: Bench) -> None:
    """In a lane run the head may cancel what waits behind it: so no copy of that comes along."""
    group = await bench.group(ordering=Ordering.ENTITY, lease_seconds=60)
    for name in ("e1", "e2", "e3"):
        await bench.publish(name)
    (lease,) = await take(group)
    await asked(group, bench, lease, wanted())
    await begun(group, bench)
    await take(group)

    answer = await group.settle_and_continue(0, [Settlement(lease, Outcome.DONE)], 1, 10)

    (head,) = answer.leases
    assert [head.event.event_id, *(one.event.event_id for one in head.behind)] == ["e2", "e3"]


async def test_a_dead_follow_up_that_was_cancelled_is_not_redriven(bench: Bench) -> None:
    """Cancelled as a dead letter, a follow-up is finished: a redrive handles nothing."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await begun(group, bench)
    (again,) = await take(group)
    await settle(group, again, Outcome.DEAD)
    await FollowUps(bench.store, group.options).end_by_key(lease, "k")
    ((letter, _),) = bench.redis.xrange("sl:{0}:g:crm:dead")

    assert await bench.store.run("redrive", 0, ["crm", 60, "", "", "", 0, letter]) == [b"finished"]


async def test_it_outlives_the_history_of_its_event(bench: Bench) -> None:
    """The event is trimmed before its follow-up is due: that has all it needs."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await settle(group, lease, Outcome.DONE)
    bench.redis.xtrim(STREAM, maxlen=0, approximate=False)

    await begun(group, bench)
    (again,) = await take(group)

    assert again.event.data == {"id": 1}


async def test_a_paused_group_begins_none(bench: Bench) -> None:
    """While the group is paused a follow-up goes on waiting, where it can be cancelled; then it begins."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await group.pause(0.1)

    assert await begun(group, bench) == 0
    await asyncio.sleep(0.15)

    assert await begun(group, bench) == 1


async def test_none_begins_while_the_first_version_may_come_back(server: Server) -> None:
    """As long as format 1 is written, whoever rolls back finds no entry that version 0.1.0 cannot read."""
    async with open_bench(server, store_format=1) as bench:
        group, lease = await running(bench)
        await asked(group, bench, lease, wanted())

        assert await begun(group, bench) == 0
        bench.redis.hset("sl:format", "written", 2)

        assert await begun(group, bench) == 1


async def test_it_survives_a_flush_of_the_scripts(bench: Bench) -> None:
    """A server that has forgotten the scripts is given them again, by each step."""
    group, lease = await running(bench)
    bench.redis.script_flush()
    await asked(group, bench, lease, wanted())
    bench.redis.script_flush()

    assert await begun(group, bench) == 1


async def test_a_removed_group_leaves_nothing_without_an_end(bench: Bench) -> None:
    """With the group go its follow-ups, and what names them."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted(after=60))
    await settle(group, lease, Outcome.DONE)
    while await bench.store.run("remove_group", 0, ["crm", "discard", 500]) != b"removed":
        pass

    assert list(bench.redis.scan_iter("*later*")) == []


async def test_what_an_event_has_asked_for_is_shown(bench: Bench) -> None:
    """The history of an event names its follow-ups: key, task and time while they wait, then what became of each."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted("remind", 60, task="tell"))
    await asked(group, bench, lease, wanted("now"))
    await settle(group, lease, Outcome.DONE)
    await begun(group, bench)

    found = await history(bench.store, "e1")

    assert found is not None
    assert [(one.state, one.key, one.task, one.due_at is None) for one in found.follow_ups] == [
        ("waiting", "remind", "tell", False),
        ("begun", "", "", True),
    ]
    its_own = await history(bench.store, found.follow_ups[1].event_id)
    assert its_own is not None
    assert [(one.group, one.state) for one in its_own.groups] == [("crm", "waiting")]


async def test_an_erased_person_has_no_follow_up_left(bench: Bench) -> None:
    """Erasing ends those that wait, of her alone; what her running event asks for with `done` is not stored either."""
    group, lease = await running(bench)
    await bench.publish("e2", key="person:2")
    (other,) = await take(group)
    await asked(group, bench, lease, wanted("waits", 60))
    await asked(group, bench, other, wanted("waits", 60))
    act = await FollowUps(bench.store, group.options).act(lease, wanted("with done", 60))
    settings = Settings.load(redis_url="redis://127.0.0.1:1")

    erased = await erase_person(bench.store, settings, "1", patience_seconds=0.1, files=False)
    await group.settle(0, [Settlement(lease, Outcome.DONE, follow_ups=(act,))])

    assert erased.follow_ups == 1
    assert bench.redis.zrange(LATER, 0, -1) == bench.redis.hkeys(f"{LATER}:entries") == [id_of("crm", "e2", "waits")]
    assert await asked(group, bench, lease, wanted("again", 60)) is False


async def test_one_that_begins_and_dies_while_she_is_erased_leaves_no_letter(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is due behind the look at her dead letters, and is one at once: that is erased, too."""
    group, lease = await running(bench)
    await asked(group, bench, lease, wanted())
    await settle(group, lease, Outcome.DONE)
    letters, looks = erasure._erase_letters, []

    async def then_it_dies(*args: Any) -> None:
        await letters(*args)
        looks.append(await begun(group, bench))
        for follow_up in await take(group):
            await settle(group, follow_up, Outcome.DEAD)

    monkeypatch.setattr(erasure, "_erase_letters", then_it_dies)
    settings = Settings.load(redis_url="redis://127.0.0.1:1")
    await erase_person(bench.store, settings, "1", patience_seconds=0.1, files=False)

    assert looks == [1, 0]
    assert bench.redis.xlen("sl:{0}:g:crm:dead") == 0


async def test_a_body_is_sealed_and_opened_with_an_older_key(server: Server, tmp_path: Path) -> None:
    """With encrypted bodies a follow-up's is one of them, which `body-keys list` counts; rotated keys still open it."""
    file, first = tmp_path / "keys", key_line()
    file.write_text(f"{first}\n")
    async with open_bench(server, body_key_file=file) as bench:
        group, lease = await running(bench)
        await asked(group, bench, lease, wanted("k", task="tell", arguments=b'{"secret":"word"}'))
        (row,) = [each.head + each.body async for _, each in waiting_follow_ups(bench.store, 0)]
        counted = await bodies_by_key(bench.store)
    file.write_text(f"{key_line()}\n{first}\n")
    async with open_bench(server, body_key_file=file) as bench:
        group = await bench.group(consumer="two", lease_seconds=60, handled=("*", "follow_up/tell"))
        await begun(group, bench)
        (again,) = await take(group)

    assert b"word" not in row
    assert list(counted.values()) == [2]
    assert again.event.follow_up is not None
    assert (again.event.follow_up.arguments, again.event.data) == ({"secret": "word"}, {"id": 1})


async def test_a_full_server_takes_none_and_begins_what_waits(small: Server) -> None:
    """A server without memory lets no follow-up wait; those that do begin, for else nothing could ever make room."""
    async with open_bench(small) as bench:
        group, lease = await running(bench)
        await asked(group, bench, lease, wanted("one"))
        bench.redis.config_set("maxmemory", 1)

        with pytest.raises(StoreFull):
            await asked(group, bench, lease, wanted("two"))
        assert await begun(group, bench) == 1


async def test_the_rest_of_the_memory_is_for_deliveries(small: Server) -> None:
    """Above their share of the memory no follow-up is taken, at once or with `done`; an event is."""
    async with open_bench(small) as bench:
        group, lease = await running(bench)
        follow_ups = FollowUps(bench.store, group.options, memory_share=0.5)
        bench.redis.config_set("maxmemory", int(bench.redis.info("memory")["used_memory"] * 1.5))

        with pytest.raises(StoreFull):
            await follow_ups.ask(lease, await follow_ups.act(lease, wanted()))
        with pytest.raises(StoreFull):
            await follow_ups.check_room(lease, await follow_ups.act(lease, wanted()))
        await bench.publish("e2")

        assert len(await take(group)) == 1
