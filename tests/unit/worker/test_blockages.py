"""A loop that is blocked is reported once, by who looks at its heartbeats from another thread."""

from salesloft_webhooks.worker.lease_renewal import Blockages

LIMIT = 1.0


def looks(*times: tuple[float, float]) -> list[bool]:
    """What a watch finds that begins at 0 and looks with these last heartbeats, at these times."""
    blockages = Blockages(LIMIT, 0.0)
    return [blockages.found(heartbeat, now) for heartbeat, now in times]


def test_a_blockage_is_found_once_and_the_next_one_again() -> None:
    """Until the loop has done something it is the same blockage, however long it lasts."""
    assert looks((0.0, 0.5), (0.0, 0.9), (0.0, 1.1), (0.0, 1.6), (0.0, 2.1)) == [False, False, True, False, False]
    assert looks((0.0, 0.5), (0.0, 1.1), (1.2, 1.3), (1.2, 2.1), (1.2, 2.3)) == [False, True, False, False, True]


def test_who_was_stopped_itself_says_nothing_yet() -> None:
    """On a machine that stops for a second, a loop without a heartbeat is not blocked; the next look tells."""
    assert looks((0.0, 0.5), (0.0, 2.0), (2.1, 2.2)) == [False, False, False]
    assert looks((0.0, 0.5), (0.0, 2.0), (0.0, 2.2)) == [False, False, True]


def test_a_machine_that_stops_does_not_make_two_of_one_blockage() -> None:
    """The watch is stopped for a while after it has found a blockage that goes on."""
    assert looks((0.0, 0.9), (0.0, 1.1), (0.0, 3.0), (0.0, 3.2)) == [False, True, False, False]
