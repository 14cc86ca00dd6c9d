"""A pause says who made it, and is changed only by whoever has seen it as it is."""

import pytest

from salesloft_webhooks.broker.administration.groups import pause, resume
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.broker.administration.stored_pause import (
    Pause,
    StoredPause,
    declared_pause,
    find_pauses,
    replace_pause,
)
from tests.support.broker_driver import Driven

DECLARED = StoredPause(Pause.DECLARED, reason="CRM migration", declared_by="salesloft/crm")


async def declare(driven: Driven, pause: StoredPause = DECLARED, group: str = "crm") -> None:
    """Let every partition have a pause, whatever it had."""
    for found in (await find_pauses(driven.store, [group]))[group]:
        assert await replace_pause(driven.store, group, found, pause)


async def test_a_declared_pause_stops_a_group_and_says_what_declares_it(driven: Driven) -> None:
    """Workers take nothing; the statistics name the object and its reason; the end of it lets all be taken."""
    group = await driven.group()
    await driven.publish(*(f"e{number}" for number in range(20)))

    await declare(driven)
    while_paused = await driven.take(group)
    (stats,) = (await measure(driven.store)).groups
    await declare(driven, StoredPause())

    assert while_paused == []
    assert (stats.pause, stats.pause_by, stats.pause_reason) == (Pause.DECLARED, "salesloft/crm", "CRM migration")
    assert stats.pause_seconds is None
    assert len(await driven.take(group)) == 20
    assert driven.keys("*:pause") == []


async def test_a_declared_pause_ends_at_its_time_by_itself(driven: Driven) -> None:
    """The store ends it, to the millisecond that was declared: nobody has to be there."""
    await driven.group()
    (now,) = {found.now_ms for found in (await find_pauses(driven.store, ["crm"]))["crm"][:1]}

    await declare(driven, StoredPause(Pause.DECLARED, now + 60_000, declared_by="salesloft/crm"))

    found = (await find_pauses(driven.store, ["crm"]))["crm"]
    assert {each.pause.until_ms for each in found} == {now + 60_000}
    assert all(each.lasts_longer(50.0) and not each.lasts_longer(60.0) for each in found)


async def test_what_somebody_has_changed_meanwhile_is_left_alone(driven: Driven) -> None:
    """Value and end both have to be what was read: else nothing is written."""
    await driven.group()
    before = (await find_pauses(driven.store, ["crm"]))["crm"]
    await pause(driven.store, "crm", seconds=60.0)
    timed = (await find_pauses(driven.store, ["crm"]))["crm"]
    await pause(driven.store, "crm", seconds=900.0)

    assert not any([await replace_pause(driven.store, "crm", each, DECLARED) for each in before + timed])
    assert {each.pause.kind for each in (await find_pauses(driven.store, ["crm"]))["crm"]} == {Pause.MANUAL}


async def test_a_breaker_leaves_a_declared_pause_and_a_person_ends_it(driven: Driven) -> None:
    """A handler's outage does not shorten it; `resume` ends whatever pause there is."""
    group = await driven.group()
    await declare(driven)

    await group.pause(0.001, "the CRM is down")
    kept = await declared_pause(driven.store, "crm")

    assert kept
    assert kept.pause == DECLARED
    assert await resume(driven.store, "crm")
    assert await declared_pause(driven.store, "crm") is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        pytest.param(b"", StoredPause(), id="nobody"),
        pytest.param(b"manual", StoredPause(Pause.MANUAL), id="by hand"),
        pytest.param(b"breaker the CRM is down", StoredPause(Pause.BREAKER, reason="the CRM is down"), id="breaker"),
        pytest.param(b"1", StoredPause(Pause.MANUAL), id="anything"),
        pytest.param(
            b"declared sales/crm why not", StoredPause(Pause.DECLARED, None, "why not", "sales/crm"), id="declared"
        ),
        pytest.param(
            b"declared sales/crm@1700 why",
            StoredPause(Pause.DECLARED, None, "why", "sales/crm", 1700),
            id="over a hand",
        ),
        pytest.param(
            b"declared sales/crm@soon x", StoredPause(Pause.MANUAL, None, "sales/crm@soon x"), id="unreadable"
        ),
    ],
)
def test_a_value_says_who_paused(value: bytes, says: StoredPause) -> None:
    """Each kind is read as it was written; what nobody of us wrote is a pause by hand."""
    assert StoredPause.read(value) == says
    assert StoredPause.read(says.value.encode()) == says
