"""Events of one delivery share one body, wherever they are read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from salesloft_webhooks.broker import Outcome, Settlement, Stored, trim
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
from salesloft_webhooks.broker.administration.dead_letters import dead_letters, redrive
from salesloft_webhooks.broker.administration.entries import latest
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.replay import Replayed, Selection, replay
from salesloft_webhooks.events import NewDelivery, NewEvent, Watermark
from salesloft_webhooks.settings import Ordering
from tests.support.broker_bench import STREAM, Bench, open_bench, settle, take
from tests.support.servers import Server

BODY = b'{"id":1,"subject":"' + b"x" * 500 + b'"}'
TTL = 3_600


def event(name: str, data: bytes = BODY, level: int = 0) -> NewEvent:
    """An event of email 1; with a level it is derived."""
    mark = Watermark("email/1", name, level) if level else None
    return NewEvent(f"{name}/{level}", f"email.{name}", "person:1", "2026-03-07", data, mark)


def counted(name: str, level: int) -> NewEvent:
    """An event that says one thing more than the one it is derived from."""
    return event(name, BODY[:-1] + b',"count":%d}' % level, level)


async def publish(bench: Bench, *events: NewEvent, received_at: datetime | None = None) -> Stored:
    """One delivery."""
    return await bench.publisher.publish(NewDelivery("default", events, "00-1", received_at))


def stored(bench: Bench) -> list[dict[str, str]]:
    """The fields of all entries."""
    return [fields for _, fields in bench.redis.xrange(STREAM)]


async def test_the_body_is_stored_once(bench: Bench) -> None:
    """Of a delivery with derived events one entry carries the body, and every handler gets the whole data."""
    group = await bench.group()

    await publish(bench, event("updated"), event("sent", level=1), counted("opened", 3), counted("clicked", 1))

    assert [len(fields["body"]) for fields in stored(bench)] == [len(BODY), 0, 0, 0]
    assert sum(len(fields["of"]) for fields in stored(bench)) < 100
    data = {lease.event.event_type: lease.event.raw_data for lease in await take(group)}
    assert data == {
        "email.updated": BODY,
        "email.sent": BODY,
        "email.opened": BODY[:-1] + b',"count":3}',
        "email.clicked": BODY[:-1] + b',"count":1}',
    }


async def test_what_is_new_of_a_repeated_delivery_carries_the_body(bench: Bench) -> None:
    """When the first event is a duplicate, the first that is stored has the body, and the next refers to that."""
    group = await bench.group()
    await publish(bench, event("updated"))

    await publish(bench, event("updated"), counted("opened", 3), counted("clicked", 1))

    assert [len(fields["body"]) for fields in stored(bench)] == [len(BODY), len(BODY), 0]
    assert [lease.event.raw_data[-12:] for lease in await take(group)] == [BODY[-12:], b'","count":3}', b'","count":1}']


async def test_only_derived_events_that_begin_alike_share(bench: Bench) -> None:
    """Data that differs before its end, and data that is short, stands in its own entry."""
    await publish(bench, event("updated"), event("sent", BODY.replace(b"1", b"2"), 1))
    await publish(bench, event("created", b"{}"), event("opened", b"{}", 2))

    assert all(fields["of"] == "" for fields in stored(bench))


async def test_deliveries_do_not_mix(bench: Bench) -> None:
    """Each delivery of a batch refers to its own body, also when both come in one script call."""
    group = await bench.group()
    other = BODY.replace(b"x", b"y")

    await publish(bench, event("updated"), counted("opened", 3))
    await publish(bench, event("created", other), event("clicked", other[:-1] + b',"count":1}', 1))

    data = {lease.event.event_type: lease.event.raw_data[20:21] for lease in await take(group)}
    assert data["email.opened"] == b"x"
    assert data["email.clicked"] == b"y"


async def test_the_old_format_has_whole_bodies(server: Server) -> None:
    """What 0.1.0 reads has its fields and no others, and each entry its own data."""
    async with open_bench(server, store_format=1) as bench:
        await publish(bench, event("updated"), counted("opened", 3))

        whole = [fields["body"].encode() for fields in stored(bench)]
        assert whole == [BODY, BODY[:-1] + b',"count":3}']
        assert all("of" not in fields and fields["at"] for fields in stored(bench))


async def test_a_group_that_wants_only_what_is_derived_gets_it_whole(bench: Bench) -> None:
    """The entry that carries the body need not be the group's."""
    group = await bench.group(events=("email.opened",))
    await publish(bench, event("updated"), counted("opened", 3))

    (lease,) = await take(group)

    assert lease.event.raw_data == BODY[:-1] + b',"count":3}'
    assert abs(lease.event.age_seconds) < 60


async def test_a_retry_and_a_repeated_take_are_whole(bench: Bench) -> None:
    """Wherever an entry is read again it has its data."""
    group = await bench.group(events=("email.opened",))
    await publish(bench, event("updated"), counted("opened", 3))
    (lease,) = await take(group)
    await settle(group, lease, Outcome.RETRY)

    (again,) = await take(group)

    assert again.event.raw_data == lease.event.raw_data


async def test_trimming_keeps_a_body_that_is_needed(bench: Bench) -> None:
    """As long as a derived event is unfinished, the entry that carries its body stays; then both go."""
    group = await bench.group()
    await publish(bench, event("created"))
    await publish(bench, event("updated"), counted("opened", 3))
    first, carrier, derived = await take(group)
    for lease in (first, carrier):
        await settle(group, lease, Outcome.DONE)

    await trim(bench.store, 0, 0.0)

    assert len(stored(bench)) == 2
    await settle(group, derived, Outcome.RETRY)
    (again,) = await take(group)
    assert again.event.raw_data == BODY[:-1] + b',"count":3}'
    await settle(group, again, Outcome.DONE)
    assert await trim(bench.store, 0, 0.0) == 2


@pytest.mark.parametrize(("script", "args"), [("make_room", [0.75, 1, 180, "0-0", 0]), ("trim", [0, 180, ""])])
async def test_what_removal_by_nodes_leaves_has_its_bodies(bench: Bench, script: str, args: list[Any]) -> None:
    """The rest of a delivery whose body went with a whole node goes, too: a later group gets nothing without a body."""
    group = await bench.group(lease_seconds=60)
    for number in range(300):
        events = event(f"e{number}"), counted("opened", number + 1), counted("clicked", number + 1)
        await publish(bench, *events[: 1 + number % 3])
    while leases := await take(group, 100):
        await group.settle(0, [Settlement(lease, Outcome.DONE) for lease in leases])

    await bench.store.run(script, 0, args)

    assert 0 < bench.redis.xlen(STREAM) < 600
    late = await bench.group("late", lease_seconds=60)
    assert [lease.event.raw_data for lease in await take(late, 1)] == [BODY]
    assert not bench.redis.exists("sl:{0}:g:late:dead")


async def test_a_dead_letter_and_what_is_made_of_it_stand_alone(bench: Bench) -> None:
    """A dead letter has the whole data although its carrier is trimmed, and so has its redrive."""
    group = await bench.group(events=("email.opened",))
    received = datetime(2026, 3, 7, tzinfo=UTC)
    await publish(bench, event("updated"), counted("opened", 3), received_at=received)
    (lease,) = await take(group)
    await settle(group, lease, Outcome.DEAD)
    await trim(bench.store, 0, 0.0)

    (letter,) = [each async for each in dead_letters(bench.store, DeadLetterFilter())]
    assert (letter.data, letter.received_at) == (lease.event.raw_data, received)
    await _drain(redrive(bench.store, dead_letters(bench.store, DeadLetterFilter()), idempotency_ttl_seconds=TTL))

    (again,) = await take(group)
    assert (again.event.raw_data, again.event.received_at) == (letter.data, received)


async def test_a_replay_stands_alone(bench: Bench) -> None:
    """What is replayed is a whole copy."""
    group = await bench.group(events=("email.opened",))
    await publish(bench, event("updated"), counted("opened", 3))
    await settle(group, (await take(group))[0], Outcome.DONE)

    selection = Selection(types=("email.opened",))
    found = [one async for one in replay(bench.store, "crm", selection, idempotency_ttl_seconds=TTL)]

    assert [outcome for _, outcome in found] == [Replayed.REPLAYED]
    assert found[0][0].data == BODY[:-1] + b',"count":3}'
    bench.redis.xtrim(STREAM, maxlen=1, approximate=False)
    (again,) = await take(group)
    assert again.event.raw_data == found[0][0].data


async def test_people_see_it_whole(bench: Bench) -> None:
    """The listing, also from the middle of a delivery on, and the history of an event have the whole data."""
    await publish(bench, event("updated"), counted("opened", 3))

    newest = await anext(latest(bench.store))
    known = await history(bench.store, "opened/3")

    assert newest.data == BODY[:-1] + b',"count":3}'
    assert known is not None
    assert known.entry == newest


@pytest.mark.parametrize("ordering", Ordering)
async def test_a_body_deleted_by_hand_makes_a_dead_letter(bench: Bench, ordering: Ordering) -> None:
    """What nobody could handle any more is given up with the reason, and what is behind it goes on."""
    group = await bench.group(events=("email.opened", "email.sent"), ordering=ordering)
    await publish(bench, event("updated"), counted("opened", 3))
    await publish(bench, event("sent", level=1))
    bench.redis.xdel(STREAM, bench.redis.xrange(STREAM, count=1)[0][0])

    leases = [*await take(group), *await take(group)]

    assert [lease.event.event_type for lease in leases] == ["email.sent"]
    (letter,) = [each async for each in dead_letters(bench.store, DeadLetterFilter())]
    assert (letter.event_id, letter.data) == ("opened/3", b"")
    assert "its body is gone" in letter.error
    assert [entry.data async for entry in latest(bench.store)] == [BODY, b""]


async def _drain(steps: Any) -> None:
    async for _ in steps:
        pass
