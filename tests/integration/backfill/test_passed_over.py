"""The few rows that a cursor passes without an event of them being stored: each is counted, and an alert says so."""

from datetime import timedelta

import pytest

from salesloft_webhooks.backfill import windows
from tests.integration.backfill.reported import metric
from tests.integration.backfill.world import GROUPS, World
from tests.support.waiting import eventually


async def test_a_row_that_is_no_event(world: World) -> None:
    """It is counted, kept where unreadable deliveries are, and passed; those beside it are published."""
    nested: object = 1
    for _ in range(150):
        nested = [nested]
    before = metric("backfill_changes_total", resource="people", found="unreadable")
    async with world.role() as role:
        await role.round()
        await world.outage(60)
        people = world.platform.records.of("/people")
        person = next(iter(people.values()))
        people[1] = {**person, "id": 1, "custom_fields": nested}

        for _ in range(2):
            await role.round()
            world.clock.pass_by(minutes=1)

    await world.all_is_well()
    assert (await world.counts())["unreadable"] == 1
    assert metric("backfill_changes_total", resource="people", found="unreadable") - before == 1
    with world.server.client() as client:
        ((_, kept),) = client.xrange("sl:{0}:quarantine")
    assert (kept["dialect"], kept["event"], kept["src"]) == ("native", "person_updated", "default")


async def test_a_tie_that_is_too_deep(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more rows of one time than are read, those that were read are published; that there are more is said once."""
    monkeypatch.setattr(windows, "DEEPEST_PAGE", 3)
    before = metric("backfill_ties_cut_total", resource="people")
    async with world.role() as role:
        await world.traffic(30)
        await role.round()
        people = world.platform.records.of("/people")
        person = next(iter(people.values()))
        world.clock.pass_by(minutes=5)
        many = range(5_000_000, 5_000_450)
        for number in many:
            people[number] = {**person, "id": number}
        changed = world.clock.now - timedelta(minutes=3)
        world.platform.records.bulk("/people", list(many), changed.isoformat())

        await role.round()

    def fetched() -> int:
        """How many of them have been handled."""
        return sum(each.startswith("person.updated/5000") for each in world.handled[GROUPS[0]])

    await eventually(lambda: fetched() == 300, "three pages are handled")
    assert metric("backfill_ties_cut_total", resource="people") - before == 1
