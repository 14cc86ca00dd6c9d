"""An archive gives way: to live events, to the backlog's limit and to memory; and it is no faster than it may."""

import pytest

from salesloft_webhooks.broker.administration.archive_pace import ArchivePace
from salesloft_webhooks.broker.administration.groups import pause
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven


class Waits:
    """Says what was waited for, and does something about it at the n-th wait."""

    def __init__(self, after: int = 1) -> None:
        self.reasons: list[str] = []
        self.seconds: list[float] = []
        self._after = after

    async def sleep(self, seconds: float) -> None:
        """Time does not pass."""
        self.seconds.append(seconds)

    def stopped(self) -> bool:
        """After so many waits."""
        return len(self.seconds) >= self._after


def paced(driven: Driven, waits: Waits, **changed: object) -> ArchivePace:
    """By settings that differ in this."""
    settings: Settings = driven.settings.model_copy(update=changed)
    return ArchivePace(driven.store, settings, 100.0, waits.reasons.append, sleep=waits.sleep)


async def test_live_events_go_first(driven: Driven) -> None:
    """While a group has more to do than BACKFILL_LAG_LIMIT nothing is given, and the group is named, once."""
    await driven.group()
    await driven.publish(*"abcd")
    waits = Waits(after=3)

    await paced(driven, waits, backfill_lag_limit=3).permit(waits.stopped)
    await paced(driven, allowed := Waits(), backfill_lag_limit=4).permit(allowed.stopped)

    assert waits.reasons == ["waits for the group crm, which has too much to do (BACKFILL_LAG_LIMIT)"]
    assert (allowed.reasons, allowed.seconds) == ([], [])


async def test_the_backlog_is_never_filled(driven: Driven) -> None:
    """A group that is paused holds it up only at half of BACKLOG_LIMIT, at which receivers would refuse deliveries."""
    await driven.group()
    await pause(driven.store, "crm")
    await driven.publish(*"abcd")
    waits = Waits()

    await paced(driven, waits, backfill_lag_limit=1, backlog_limit=7).permit(waits.stopped)
    await paced(driven, allowed := Waits(), backfill_lag_limit=1, backlog_limit=8).permit(allowed.stopped)

    assert waits.reasons == ["waits for the backlog: it is at half of BACKLOG_LIMIT"]
    assert allowed.reasons == []


async def test_memory_is_left_for_deliveries(driven: Driven) -> None:
    """Nothing is given while more is used than half of what lies between the share of history and all of it."""
    await driven.group()
    with driven.server.client() as client:
        used = int(client.info("memory")["used_memory"])
        try:
            client.config_set("maxmemory", 3 * used // 2)
            await paced(driven, waits := Waits(), history_memory_share=0.01).permit(waits.stopped)
            client.config_set("maxmemory", 100 * used)
            await paced(driven, allowed := Waits(), history_memory_share=0.01).permit(allowed.stopped)
        finally:
            client.config_set("maxmemory", 0)

    assert waits.reasons == ["waits for memory: the server has little left"]
    assert allowed.reasons == []


@pytest.mark.parametrize(("events", "seconds"), [(10, 0.1), (50, 0.5)])
async def test_it_is_no_faster_than_it_may(driven: Driven, events: int, seconds: float) -> None:
    """After a batch the next one may follow when its time is over."""
    waits = Waits()
    pace = paced(driven, waits)
    await pace.permit(waits.stopped)

    pace.passed(events)
    await pace.permit(waits.stopped)

    assert waits.seconds == [pytest.approx(seconds, abs=0.09)]


async def test_a_fast_one_looks_more_often(driven: Driven) -> None:
    """However many are given in a second, a look comes before the limits can be passed by much."""
    group = await driven.group()
    pace = paced(driven, waits := Waits(), backfill_lag_limit=3)
    await pace.permit(lambda: False)
    await driven.publish(*"abcd")

    await pace.permit(waits.stopped)
    pace.passed(1)
    await pace.permit(waits.stopped)

    assert waits.reasons == ["waits for the group crm, which has too much to do (BACKFILL_LAG_LIMIT)"]
    assert len(await driven.handle(group)) == 4
