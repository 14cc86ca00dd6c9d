"""Permits of a limited group: never more than the limit, whatever is lost, late or dead."""

import pytest

from tests.integration.broker.permits_model import CLOCK, LEASE_MS, PERMITS, Permits


def test_no_more_than_the_limit_are_given_to_all_together(permits: Permits) -> None:
    """The second claimant is given what the first has left, then nothing until that says that it runs less."""
    permits.limit("5 -")

    assert permits.ask("a", wanted=3).given == 3
    assert permits.ask("b", wanted=9).given == 2
    refused = permits.ask("a", running=3, wanted=1)
    assert (refused.given, refused.held_up, refused.wait_ms) == (0, "running", 20)
    permits.ask("b", running=1, wanted=0)
    assert permits.ask("a", running=3, wanted=4).given == 1


def test_the_dead_give_back_what_they_had_when_their_lease_would_end(permits: Permits) -> None:
    """Until then nobody else has it; whoever keeps its own has it for longer."""
    permits.limit("2 -")
    permits.ask("dead")
    permits.ask("alive")

    for _ in range(4):
        permits.server_ms += LEASE_MS // 4 - 10
        permits.keep(alive=1)
        assert permits.ask("third").given == 0
    permits.server_ms += 100
    permits.keep(alive=1)

    assert permits.ask("third", wanted=5).given == 1


@pytest.mark.parametrize("lease_ms", [LEASE_MS, 60_000])
def test_nobody_living_loses_permits_while_the_store_is_away(permits: Permits, lease_ms: int) -> None:
    """After a silence longer than a lease what runs is left to its owners, until each has had time for a renewal."""
    permits.limit("1 -")
    permits.lease_ms = lease_ms
    permits.ask("a")

    permits.server_ms += 3 * lease_ms
    assert permits.ask("b").given == 0
    permits.server_ms += lease_ms // 3
    assert permits.ask("b").given == 0
    permits.keep(a=1)
    permits.server_ms += 5_000
    assert permits.ask("b").given == 0
    permits.server_ms += lease_ms
    permits.ask("b")
    permits.server_ms += lease_ms // 3 + 5_100

    assert permits.ask("b").given == 1


def test_a_call_that_comes_late_changes_nothing(permits: Permits) -> None:
    """What a claimant ran before cannot come again behind what it runs now, nor take permits."""
    permits.limit("4 100/1000/10")
    old = permits.call("a", running=0, wanted=3)
    assert permits.ask("a", running=2, wanted=2).given == 2

    assert permits.send(old).given == 0
    assert permits.counted() == 4


def test_what_runs_is_counted_again_when_the_store_has_forgotten(permits: Permits) -> None:
    """A promoted replica without the latest permits counts them once they are kept; a newer word is not overruled."""
    permits.limit("3 -")
    permits.ask("a", wanted=3)
    permits.redis.delete(*permits.redis.keys(f"{PERMITS.removesuffix('permits')}*"))

    permits.keep(a=3)
    assert permits.ask("b").given == 0
    permits.ask("a", running=1, wanted=0)
    permits.run("keep_permits", "crm", LEASE_MS, "a", 3, 1, 1)

    assert permits.counted() == 1


def test_a_bucket_is_never_fuller_than_its_burst(permits: Permits) -> None:
    """After an hour, and after more came back than was given, as many as the burst begin, and then one each time."""
    permits.limit("- 10/1000/4")
    permits.ask("a", wanted=4)
    permits.ask("a", running=0, wanted=0, unused=50)
    permits.server_ms += 3_600_000

    assert permits.ask("a", wanted=100).given == 4
    permits.server_ms += 99
    refused = permits.ask("a", running=4)
    assert (refused.given, refused.held_up) == (0, "rate")
    permits.server_ms += 1
    assert permits.ask("a", running=4, wanted=9).given == 1


def test_a_rate_that_is_changed_holds_at_once(permits: Permits) -> None:
    """Whoever was to wait for an hour waits for as long as the new rate says."""
    permits.limit("- 1/3600000/1")
    permits.ask("a")
    assert permits.ask("a", running=1).wait_ms > 3_000_000

    permits.limit("- 10/1000/1")

    assert permits.ask("a", running=1).wait_ms == 100
    permits.server_ms += 100
    assert permits.ask("a", running=1).given == 1


def test_what_limits_nothing_gives_what_is_wanted(permits: Permits) -> None:
    """Limits that were taken back, or that somebody's hand has made unreadable, hold up nobody."""
    for words in ("none none", "-3 0/1000/1", "x y"):
        permits.limit(words)

        assert permits.ask("a", wanted=7).given == 7


def test_that_less_runs_is_heard_of_with_the_renewal_when_the_call_was_lost(permits: Permits) -> None:
    """Else a long attempt would keep the permit of a short one; what is under way meanwhile is not lowered."""
    permits.limit("2 -")
    permits.ask("a", wanted=2)
    permits.call("a", running=1)  # which never arrives

    permits.run("keep_permits", "crm", LEASE_MS, "a", 1, 2, 1)
    under_way = permits.counted()
    permits.run("keep_permits", "crm", LEASE_MS, "a", 1, 2, 2)

    assert (under_way, permits.counted()) == (1, 1)
    permits.ask("a", running=1, wanted=1)
    permits.run("keep_permits", "crm", LEASE_MS, "a", 1, 3, 2)
    assert permits.counted() == 2, "the loop may not have heard of the second one yet"


def test_whoever_knows_newer_limits_is_judged_by_them(permits: Permits) -> None:
    """A promoted replica that has missed a limit hears of it from the first who asks, and gives no more."""
    permits.limit("9 -")
    newer = f"{permits.server_ms + 5} 1 -|1 -||"

    given, _, _, text, _ = permits.run("permits", *permits.call("a", running=0, wanted=7), newer)

    assert given == 1
    assert text == newer == permits.redis.hget(CLOCK, "limits")


def test_a_call_costs_the_same_with_many_claimants(permits: Permits) -> None:
    """Hundreds of loops that run or wait are not read for each one that asks."""

    def commands() -> int:
        before = sum(int(each["calls"]) for each in permits.redis.info("commandstats").values())
        permits.ask("one", wanted=1)
        return sum(int(each["calls"]) for each in permits.redis.info("commandstats").values()) - before

    permits.limit("20 1000/1000/100")
    permits.ask("one")
    few = commands()
    for number in range(300):
        permits.ask(f"claimant {number}")

    assert commands() <= few + 2


def test_permits_end_by_themselves(permits: Permits) -> None:
    """Nothing is left for ever of a group whose workers are gone, and nothing ends before claims do, in any outage."""
    permits.limit("3 100/1000/5")
    permits.ask("a", wanted=2)

    assert all(permits.redis.pttl(key) > 1_000 * LEASE_MS for key in permits.redis.keys("sl:{0}:g:crm:limits:*"))
    assert " 3 100/1000/5|" in permits.redis.hget(CLOCK, "limits")
