"""Permits of a limited group that come back unused: the rate is as if they had never been given, and no faster."""

import pytest

from tests.integration.broker.permits_model import PERMITS, Permits


@pytest.mark.parametrize("before", [0, 4], ids=["full", "drained"])
def test_what_comes_back_soon_can_be_given_at_once(permits: Permits, before: int) -> None:
    """A permit that an event is refused with after some milliseconds costs the others nothing."""
    permits.limit("- 1/60000/5")
    if before:
        permits.ask("first", wanted=before)
    permits.ask("a", wanted=5 - before)
    permits.server_ms += 20
    assert permits.ask("b").given == 0

    permits.ask("a", running=0, wanted=0, unused=1)

    assert permits.ask("b").given == 1
    assert permits.ask("c").given == 0


def test_under_load_what_comes_back_late_comes_back_whole(permits: Permits) -> None:
    """While the bucket is never near to full nothing runs over: three intervals later one more may begin for it."""
    permits.limit("- 10/1000/5")
    permits.ask("a", wanted=1)
    permits.ask("others", wanted=4)
    for _ in range(3):
        permits.server_ms += 100
        assert permits.ask("others", running=4, wanted=5).given == 1

    permits.ask("a", running=0, wanted=0, unused=1)

    assert permits.ask("others", running=4, wanted=5).given == 1


def test_what_comes_back_when_the_bucket_has_been_full_brings_no_second_burst(permits: Permits) -> None:
    """What it would have brought has run over: a burst that began meanwhile was as large without it."""
    permits.limit("- 10/1000/5")
    permits.ask("a", wanted=2)
    permits.server_ms += 60_000
    assert permits.ask("b", wanted=9).given == 5

    permits.ask("a", running=0, wanted=0, unused=2)

    assert permits.ask("b", running=5, wanted=9).given == 0


def test_of_two_that_were_near_to_full_together_only_one_comes_back(permits: Permits) -> None:
    """Without both of them the bucket would have been full once, so one of them would have run over."""
    permits.limit("- 10/1000/2")
    permits.ask("a")
    permits.ask("b")
    permits.server_ms += 100
    assert permits.ask("c").given == 1

    permits.ask("a", running=0, wanted=0, unused=1)
    permits.ask("b", running=0, wanted=0, unused=1)

    assert permits.ask("d", wanted=9).given == 1


def test_a_worker_that_knows_no_marks_spoils_what_was_given_before(permits: Permits) -> None:
    """One of an earlier version, which gives without a word about it: fewer begin then, and never more."""
    permits.limit("- 10/1000/2")
    permits.ask("a")
    permits.server_ms += 50
    permits.redis.hset(PERMITS, "/bucket", f"{permits.server_ms + 200}.000")  # as its script leaves it

    permits.ask("a", running=0, wanted=0, unused=1)

    assert permits.ask("b").given == 0


def test_a_store_that_has_forgotten_takes_nothing_back_of_before(permits: Permits) -> None:
    """A promoted replica without the latest permits has a full bucket: with more it would be a burst and one."""
    permits.limit("- 10/1000/2")
    permits.ask("a")
    permits.redis.delete(PERMITS)
    permits.server_ms += 10
    permits.ask("b", wanted=2)

    permits.ask("a", running=0, wanted=0, unused=1)

    assert permits.ask("b", running=2).given == 0


def test_many_grants_leave_few_marks(permits: Permits) -> None:
    """Also while each finds the bucket farther from full than the one before; what is older than they are is spent."""
    permits.limit("- 10/1000/100")
    permits.ask("a", wanted=1)
    for _ in range(60):
        permits.server_ms += 1
        permits.ask("others", running=1, wanted=1)
    marks = permits.redis.hget(PERMITS, "/marks").split()[2:]

    permits.ask("a", running=0, wanted=0, unused=1)

    assert len(marks) == 16
    assert permits.ask("others", running=1, wanted=99).given == 39


def test_who_waits_for_a_slow_rate_asks_soon_where_permits_come_back(permits: Permits) -> None:
    """The next one by the rate is a minute away, and that of a refused event is there in a moment."""
    permits.limit("- 1/60000/1")
    permits.ask("a")
    permits.server_ms += 10
    alone = permits.ask("b").wait_ms
    permits.ask("a", running=0, wanted=0, unused=1)
    permits.server_ms += 1
    permits.ask("a")
    permits.server_ms += 10

    soon = permits.ask("b").wait_ms
    permits.server_ms += 100
    later = permits.ask("b").wait_ms

    assert alone > 50_000
    assert soon == 20
    assert later > 50_000


def test_a_fast_rate_is_waited_for_all_the_same(permits: Permits) -> None:
    """To ask sooner than it brings the next one would be calls in vain for each that waits."""
    permits.limit("- 20/1000/1")
    permits.ask("a")
    permits.server_ms += 1
    permits.ask("a", running=0, wanted=1, unused=1)
    permits.server_ms += 10

    assert permits.ask("b").wait_ms == 40


def test_where_no_rate_is_asked_nothing_comes_back(permits: Permits) -> None:
    """What began while none was set is no permit of one that is set later."""
    permits.limit("9 -")
    answer = permits.ask("a", wanted=2)
    permits.limit("9 10/1000/1")
    permits.ask("b")

    permits.send(permits.call("a", running=0, unused=f"{answer.grant}:2"))

    assert answer.grant == 0
    assert permits.ask("b", running=1).given == 0
