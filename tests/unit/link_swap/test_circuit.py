"""Not asking a swapper that does not answer."""

from salesloft_webhooks.link_swap.circuit import FAILURES, SECONDS, Circuit


class Clock:
    """A clock that a test turns."""

    now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def opened(clock: Clock) -> Circuit:
    """One that has just opened."""
    circuit = Circuit(clock)
    for _ in range(FAILURES):
        assert circuit.may_ask()
        circuit.failed()
    return circuit


def test_failures_close_together_open_it() -> None:
    """After the fifth nobody is asked."""
    circuit = opened(Clock())

    assert circuit.is_open
    assert not circuit.may_ask()


def test_failures_far_apart_do_not() -> None:
    """They say nothing about now."""
    clock = Clock()
    circuit = Circuit(clock)

    for _ in range(3 * FAILURES):
        circuit.failed()
        clock.now += SECONDS / 4 + 0.1

    assert circuit.may_ask()


def test_a_success_in_between_begins_anew() -> None:
    """Only failures in a row count."""
    circuit = Circuit(Clock())

    for _ in range(FAILURES):
        circuit.failed()
        circuit.succeeded()

    assert not circuit.is_open


def test_one_tries_after_a_while() -> None:
    """The others wait for what it finds; its success closes the circuit."""
    clock = Clock()
    circuit = opened(clock)
    clock.now += SECONDS

    assert circuit.may_ask()
    assert not circuit.may_ask()
    circuit.succeeded()
    assert circuit.may_ask()
    assert circuit.may_ask()


def test_a_try_that_fails_opens_it_again() -> None:
    """For as long as before."""
    clock = Clock()
    circuit = opened(clock)
    clock.now += SECONDS
    assert circuit.may_ask()

    circuit.failed()
    clock.now += SECONDS - 1

    assert not circuit.may_ask()
    clock.now += 1
    assert circuit.may_ask()


def test_a_try_that_was_given_up_leaves_room_for_the_next() -> None:
    """It must not keep the circuit open for ever."""
    clock = Clock()
    circuit = opened(clock)
    clock.now += SECONDS
    assert circuit.may_ask()

    circuit.gave_up()

    assert circuit.may_ask()
