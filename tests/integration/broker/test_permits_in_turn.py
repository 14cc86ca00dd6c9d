"""Who of several loops is given the permits of a limited group, and when each asks again."""

from tests.integration.broker.permits_model import Permits


def test_permits_that_come_back_are_not_waited_for_as_long_as_new_ones(permits: Permits) -> None:
    """A loop asks for as many as it has slots, and gives back what it finds nothing for: others ask again soon."""
    permits.limit("- 1/3600000/20")
    assert permits.ask("a", wanted=25).given == 20
    permits.server_ms += 4

    soon = permits.ask("b")
    permits.ask("a", running=1, wanted=0, unused=19)

    assert (soon.given, soon.held_up, soon.wait_ms) == (0, "rate", 20)
    assert permits.ask("b", wanted=19).given == 19
    permits.server_ms += 300
    assert permits.ask("c").wait_ms > 3_500_000


def test_who_has_waited_comes_first(permits: Permits) -> None:
    """Somebody busy has a turn of a second; then it is that of whoever has waited so long, and asks in time."""
    permits.limit("1 -")
    permits.ask("busy")
    permits.ask("waiting")
    permits.server_ms += 500
    permits.ask("waiting")
    assert permits.ask("busy", running=0).given == 1
    permits.server_ms += 490
    permits.ask("waiting")
    permits.server_ms += 15

    assert permits.ask("busy", running=0).given == 0
    assert permits.ask("waiting").given == 1
    permits.server_ms += 900
    assert permits.ask("busy").given == 0
    assert permits.ask("waiting", running=0).given == 1, "its turn lasts for a second, too"
    permits.server_ms += 400
    assert permits.ask("waiting", running=0).given == 1, "the other one should have asked by now"


def test_those_further_behind_ask_later(permits: Permits) -> None:
    """Who is next asks soon, so that a permit is not kept for long; many that wait are not many calls."""
    permits.limit("1 -")
    permits.ask("busy")

    waits = []
    for number in range(30):
        permits.server_ms += 1
        waits.append(permits.ask(f"claimant {number}").wait_ms)

    assert waits[:3] == [20, 40, 60]
    assert waits[-1] == 500


def test_who_waits_for_the_rate_is_told_when_its_turn_comes(permits: Permits) -> None:
    """Of those that wait, one is told the next permit, the other the one after that."""
    permits.limit("- 1/1000/1")
    permits.ask("a")
    permits.ask("first")
    permits.server_ms += 1
    permits.ask("second")
    permits.server_ms += 998
    assert permits.ask("first").wait_ms == 1
    permits.server_ms += 10

    assert permits.ask("second").wait_ms > 900
    assert permits.ask("first").given == 1


def test_who_waits_and_does_not_come_again_is_not_waited_for(permits: Permits) -> None:
    """However long it was told to wait, its turn goes to the next one after some seconds."""
    permits.limit("- 1/60000/1")
    permits.ask("a")
    assert permits.ask("gone").wait_ms == 60_000
    permits.server_ms += 1_000
    permits.ask("b")
    for _ in range(14):
        permits.server_ms += 4_500
        waiting = permits.ask("b")

    assert waiting.given == 1


def test_a_bucket_with_enough_for_all_makes_nobody_wait(permits: Permits) -> None:
    """Others that come first leave more than enough: where only the rate is limited that is what counts."""
    permits.limit("- 10/1000/10")
    permits.ask("a", wanted=10)
    permits.ask("first")
    permits.server_ms += 1_200

    answer = permits.ask("second", wanted=2)

    assert (answer.given, answer.held_up) == (2, "")
