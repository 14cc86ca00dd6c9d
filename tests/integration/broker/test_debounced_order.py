"""Which of several events is the last: of the newest version of what they are about, then of the entry stored last."""

from datetime import UTC, datetime, timedelta

import pytest

from salesloft_webhooks.broker.administration.history import EventState
from salesloft_webhooks.broker.administration.search import search_page
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.integration.broker.debouncing_steps import settled
from tests.integration.broker.follow_up_steps import LATER
from tests.support.broker_bench import Bench, take

NEWER, OLDER = '"2026-03-07T09:00:02.000002Z"', '"2026-03-07T09:00:02.000001Z"'
FUTURE, NONE = '"2096-03-07T09:00:02Z"', "null"


async def publish(bench: Bench, event_id: str, updated_at: str, source: str = "default") -> None:
    """One update of a person, in a version."""
    body = f'{{"id":1,"updated_at":{updated_at}}}'.encode()
    event = NewEvent(event_id, "person.updated", "person:1", "2026-03-07T04:26:14Z", body)
    await bench.publisher.publish(NewDelivery(source, (event,)))


@pytest.mark.parametrize(
    ("versions", "last"),
    [
        ((NEWER, OLDER), 0),
        ((OLDER, NEWER), 1),
        ((NEWER, NEWER), 1),
        ((NEWER, NONE), 1),
    ],
    ids=["stale copy", "in order", "alike", "none said"],
)
async def test_a_stale_copy_is_never_the_last(bench: Bench, versions: tuple[str, str], last: int) -> None:
    """Stored later, an older version replaces nothing; of equal ones the later counts."""
    group = await bench.group(lease_seconds=60)
    for number, version in enumerate(versions):
        await publish(bench, f"e{number}", version)

    acts = [await settled(group, bench, lease) for lease in await take(group)]

    assert bench.redis.zrange(LATER, 0, -1) == [acts[last].follow_up]


async def test_a_wrong_clock_freezes_nobody(bench: Bench) -> None:
    """A version from the future counts as of its receipt: the next update, of a minute later, is the last."""
    group = await bench.group(lease_seconds=60)
    await publish(bench, "e1", FUTURE)
    await publish(bench, "e2", f'"{(datetime.now(UTC) + timedelta(minutes=1)).isoformat()}"')

    acts = [await settled(group, bench, lease) for lease in await take(group)]

    assert bench.redis.zrange(LATER, 0, -1) == [acts[1].follow_up]


async def test_versions_of_two_resources_are_not_compared(bench: Bench) -> None:
    """A mail that is delivered late, after a newer one of the same person was handled, begins a window of its own."""
    group = await bench.group(lease_seconds=60)
    for event_id, version, number in (("e1", NEWER, 11), ("e2", OLDER, 22)):
        body = f'{{"id":{number},"updated_at":{version}}}'.encode()
        await bench.publish(event_id, event_type="email.opened", body=body)

    acts = [await settled(group, bench, lease) for lease in await take(group)]

    assert bench.redis.zrange(LATER, 0, -1) == [acts[1].follow_up]


async def test_people_of_two_sources_are_two(bench: Bench) -> None:
    """Two accounts number their people alike: neither's update replaces the other's."""
    group = await bench.group(lease_seconds=60)
    await publish(bench, "e1", OLDER, "acme")
    await publish(bench, "e2", NEWER, "bolt")

    for lease in await take(group):
        await settled(group, bench, lease)

    assert bench.redis.zcard(LATER) == 2


async def test_debounced_events_are_found(bench: Bench) -> None:
    """By their own state, and by that of all that the group has finished with."""
    group = await bench.group(lease_seconds=60)
    await publish(bench, "e1", OLDER)
    (lease,) = await take(group)
    await settled(group, bench, lease)

    found = [
        [
            each.entry.event_id
            for each in (await search_page(bench.store, Query(state=state), limit=5, seconds=20)).found
        ]
        for state in (EventState.DEBOUNCED, EventState.DONE, EventState.FILTERED, EventState.RUNNING)
    ]

    assert found == [["e1"], ["e1"], [], []]
