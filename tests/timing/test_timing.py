"""Verifying is the same work whichever key matches and wherever a signature is wrong; and leaks would be found."""

import hmac
import random
from collections import Counter
from collections.abc import Callable
from unittest import mock

import pytest

from salesloft_webhooks.dialects import signatures
from tests.timing.classes import KINDS, Class, Deliveries
from tests.timing.dudect import compared, welch
from tests.timing.leaks import early_exit


def work(of: Class) -> Counter[str]:
    """How many HMACs are made and comparisons are begun by one verification."""
    prepared, counted = of(), Counter[str]()

    def counting(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            counted[name] += 1
            return function(*arguments)

        return call

    with (
        mock.patch.object(signatures, "_begun_hmac", counting("hmac", signatures._begun_hmac)),
        mock.patch("hmac.digest", counting("hmac", hmac.digest)),
        mock.patch("hmac.compare_digest", counting("comparison", hmac.compare_digest)),
    ):
        prepared()
    return counted


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_is_the_same_work(kind: str) -> None:
    """Every key is tried and every candidate compared: first key, last key, none, wrong early, wrong late."""
    of = Deliveries(kind)
    of.signed_with(0)()()  # what is derived from a key and a known event name is kept

    counts = [work(each) for each in (*map(of.signed_with, range(4)), of.wrong_at(0), of.wrong_at(-1), of.random())]

    assert counts[0]["comparison"] == 4
    assert counts[0]["hmac"] >= 4
    assert counts == counts[:1] * 7


def test_an_early_exit_over_keys_is_other_work() -> None:
    """With the mistake that this is about, the counts differ: what asserts that they do not could fail."""
    with early_exit():
        of = Deliveries("envelope")
        first, last = work(of.signed_with(0)), work(of.signed_with(3))

    assert (first["hmac"], last["hmac"]) == (1, 4)


def test_a_shift_that_noise_hides_is_found() -> None:
    """Of the times of two classes that differ by a fiftieth of their spread t says so; of equal ones it does not."""
    chance = random.Random(3)
    one, same = ([chance.gauss(5_000, 100) for _ in range(100_000)] for _ in range(2))
    late = [each + 10 + (chance.random() < 0.01) * 50_000 for each in same]

    assert compared(one, late).leaks
    assert not compared(one, same).leaks
    assert compared(one, late).difference_ns == pytest.approx(10, abs=5)


def test_welch_is_what_others_compute() -> None:
    """An example worked by hand: means 2 and 4, variances 1 and 4, three values each."""
    assert welch([1, 2, 3], [2, 4, 6]) == pytest.approx(2 / (1 / 3 + 4 / 3) ** 0.5)
    assert welch([1, 1], [1, 1]) == 0
