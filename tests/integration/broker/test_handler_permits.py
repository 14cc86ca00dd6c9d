"""The script that gives permits for calls of limited handlers: who may begin, who waits for how long, what is left."""

from collections.abc import Iterator

import pytest

from tests.integration.broker.handler_permits_model import BASE, Handlers
from tests.integration.broker.permits_model import CLOCK, LEASE_MS
from tests.support.servers import Server

ONE = ("1 -", "k")
TEN_A_SECOND = ("- 10/1000/2", "k")


@pytest.fixture
def handlers(server: Server) -> Iterator[Handlers]:
    """Of nobody yet, on each engine."""
    with server.client() as redis:
        yield Handlers(redis)


def test_so_many_run_and_the_end_of_one_lets_the_next_begin(handlers: Handlers) -> None:
    """One at once: the second event waits until the first has given its permit back."""
    first = handlers.ask("a", ONE)
    refused = handlers.ask("b", ONE)
    handlers.give_back(first.permit, ONE)
    handlers.pass_ms(refused.wait_ms)

    assert first.permit
    assert (refused.permit, refused.limit, refused.handler) == ("", "running", 1)
    assert handlers.ask("b", ONE).permit


def test_each_value_of_a_key_has_the_limit_for_itself(handlers: Handlers) -> None:
    """What runs for one holds up nobody else."""
    handlers.ask("a", ONE)

    assert handlers.ask("b", ("1 -", "other")).permit


def test_a_rate_names_the_time_at_which_each_that_waits_can_begin(handlers: Handlers) -> None:
    """Two at once, then one each 100 ms: three more wait for 100, 200 and 300 ms, and begin then."""
    begun = [handlers.ask(event, TEN_A_SECOND).permit != "" for event in "ab"]
    waits = [handlers.ask(event, TEN_A_SECOND).wait_ms for event in "cde"]
    came = []
    for event in "cde":
        handlers.pass_ms(100)
        came.append(handlers.ask(event, TEN_A_SECOND).permit != "")

    assert begun == [True, True]
    assert waits == [100, 200, 300]
    assert came == [True] * 3


def test_who_comes_anew_leaves_the_place_to_who_is_expected(handlers: Handlers) -> None:
    """A permit that comes back is for the event that has waited for it, not for the one that asks first."""
    first = handlers.ask("a", ONE)
    waits = handlers.ask("b", ONE)
    handlers.give_back(first.permit, ONE)
    handlers.pass_ms(waits.wait_ms)

    late = handlers.ask("c", ONE)
    expected = handlers.ask("b", ONE)

    assert late.permit == ""
    assert expected.permit


def test_nobody_waits_for_an_event_that_does_not_come(handlers: Handlers) -> None:
    """Five seconds after it was expected its place is anybody's."""
    first = handlers.ask("a", ONE)
    waits = handlers.ask("b", ONE)
    handlers.give_back(first.permit, ONE)
    handlers.pass_ms(waits.wait_ms + 4_000)

    before = handlers.ask("c", ONE).permit
    handlers.pass_ms(1_001)

    assert before == ""
    assert handlers.ask("c", ONE).permit


def test_many_that_wait_are_spread_by_how_long_calls_take(handlers: Handlers) -> None:
    """Calls of 100 ms: each waits so much longer than the one before, up to a second and 6 ms for each before it."""
    handlers.give_back(handlers.ask("warm", ONE).permit, ONE, held_ms=100)
    handlers.ask("runs", ONE)

    waits = [handlers.ask(f"e{number}", ONE).wait_ms for number in range(200)]

    assert waits[:10] == [100 * number for number in range(1, 11)]
    assert waits[20:] == [1_000 + 6 * number for number in range(20, 200)]


def test_those_that_come_too_soon_come_less_often_and_then_more_often_again(handlers: Handlers) -> None:
    """What is done between two calls takes its time, too: the wait grows with refusals, and shrinks with permits."""
    running = handlers.ask("runs", ONE).permit
    waits = [handlers.ask("e", ONE).wait_ms]
    for _ in range(100):
        handlers.pass_ms(waits[-1])
        handlers.keep(running)
        waits.append(handlers.ask("e", ONE).wait_ms)
    for _ in range(100):
        handlers.give_back(running, ONE)
        handlers.pass_ms(100)
        running = handlers.ask("e", ONE).permit
        handlers.ask("e", ONE)

    assert waits[0] == 20
    assert waits == sorted(waits)
    assert waits[-1] == 80
    handlers.ask("other", ONE)
    assert handlers.redis.hget(BASE, "slow k") == "1.000"


def test_nobody_waits_for_longer_than_a_minute_without_a_look(handlers: Handlers) -> None:
    """Of a rate of one an hour, too: limits may have been changed."""
    handlers.ask("a", ("- 1/3600000/1", "k"))

    assert handlers.ask("b", ("- 1/3600000/1", "k")).wait_ms == 60_000


def test_an_event_has_a_permit_of_all_its_handlers_or_of_none(handlers: Handlers) -> None:
    """Refused by the second, it holds nothing of the first, and has spent none of its rate."""
    two = (("1 10/1000/1", "first"), ("1 -", "second"))
    other = handlers.ask("other", two[1])

    refused = handlers.ask("both", *two)

    assert (refused.permit, refused.limit, refused.handler) == ("", "running", 2)
    assert handlers.in_use("first") == set()
    assert not handlers.redis.exists(f"{BASE}:first")
    handlers.give_back(other.permit, two[1])
    handlers.pass_ms(refused.wait_ms)
    assert handlers.ask("both", *two).permit


def test_a_permit_that_nothing_was_begun_with_comes_back_with_its_share_of_the_rate(handlers: Handlers) -> None:
    """Once, however often it is said; one that was used does not."""
    first, second = handlers.ask("a", TEN_A_SECOND), handlers.ask("b", TEN_A_SECOND)
    for _ in range(2):
        handlers.give_back(first.permit, TEN_A_SECOND, held_ms=-1)
    handlers.give_back(second.permit, TEN_A_SECOND, held_ms=5)

    assert handlers.ask("c", TEN_A_SECOND).permit
    assert handlers.ask("d", TEN_A_SECOND).limit == "rate"


def test_a_dead_workers_permit_ends_with_its_lease_and_one_that_is_kept_does_not(handlers: Handlers) -> None:
    """Kept each third of a lease it lasts; left alone it ends a lease later; whatever is left ends by itself."""
    permit = handlers.ask("a", ONE).permit
    for _ in range(6):
        handlers.pass_ms(LEASE_MS // 3)
        assert handlers.keep(permit) == 0
    kept = handlers.ask("b", ONE).permit
    for _ in range(4):  # somebody calls, so the store was not away
        handlers.pass_ms(LEASE_MS // 4 + 1)
        handlers.calls.run("keep_handler_permits", "crm", LEASE_MS)

    assert kept == ""
    assert handlers.ask("c", ONE).permit
    assert all(handlers.redis.pttl(key) != -1 for key in handlers.redis.keys(f"{BASE}:*"))


def test_when_the_store_was_away_permits_are_left_to_their_owners_for_a_moment(handlers: Handlers) -> None:
    """All have ended by the clock, but whoever lives can say so before they are given to others."""
    permit = handlers.ask("a", ONE).permit
    handlers.pass_ms(10 * LEASE_MS)

    first = handlers.ask("b", ONE)
    lost = handlers.keep(permit)
    handlers.pass_ms(5_001)

    assert first.permit == ""
    assert lost == 0
    assert handlers.ask("c", ONE).permit == ""


def test_a_promoted_replica_hears_of_what_runs_by_the_next_renewal(handlers: Handlers) -> None:
    """A permit that the store does not know counts again once it is kept."""
    permit = handlers.ask("a", ONE).permit
    handlers.redis.delete(f"{BASE}:k")

    assert handlers.keep(permit) == 1
    assert handlers.ask("b", ONE).permit == ""


def test_a_lowered_burst_and_a_clock_set_back_leave_nobody_waiting_for_longer(handlers: Handlers) -> None:
    """What the bucket lacks is never more than its burst; the clock that was set back by an hour is made up for."""
    for number in range(1_000):
        handlers.ask(f"e{number}", ("- 10/1000/1000", "k"))
    lowered = handlers.ask("a", TEN_A_SECOND).wait_ms
    handlers.calls.server_ms -= 3_600_000
    set_back = handlers.ask("b", TEN_A_SECOND).wait_ms

    assert lowered <= 100
    assert set_back <= 200
    assert handlers.redis.hget(CLOCK, "offset") is not None


def test_a_thousand_keys_leave_nothing_behind(handlers: Handlers) -> None:
    """Used and given back, their keys are gone, or end when their bucket is full."""
    limit = "1 600/60000/1"
    for number in range(1_000):
        want = (limit, f"k{number}")
        handlers.give_back(handlers.ask("a", want).permit, want)

    ends = [handlers.redis.pttl(key) for key in handlers.redis.keys(f"{BASE}:*")]

    assert all(0 <= end <= 100 or end == -2 for end in ends)


def test_after_an_outage_a_permit_is_left_until_the_next_renewal_of_its_owner(handlers: Handlers) -> None:
    """Which comes within a third of a lease: it is given to others no earlier, the dead are waited for no longer."""
    handlers.ask("a", ONE)
    handlers.pass_ms(10 * LEASE_MS)

    came = [handlers.ask("b", ONE).permit]
    for ms in (5_001, LEASE_MS // 3 - 2):
        handlers.pass_ms(ms)
        came.append(handlers.ask("b", ONE).permit)
    handlers.pass_ms(2)

    assert came == ["", "", ""]
    assert handlers.ask("b", ONE).permit
