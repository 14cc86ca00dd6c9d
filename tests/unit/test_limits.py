"""What limits a group, as people write it and as the store has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from salesloft_webhooks import Router
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.limits import Limits, LimitsInForce, Rate, SaidLimits
from salesloft_webhooks.settings import Settings

RATES = {
    "10/s": Rate(10, 1, 1),
    "100/min": Rate(100, 60, 1),
    "5000/h": Rate(5000, 3600, 1),
    "1200/s": Rate(1200, 1, 120),
    "100/min burst 20": Rate(100, 60, 20),
    " 7 / min ": Rate(7, 60, 1),
}


@pytest.mark.parametrize("text", RATES)
def test_a_rate_is_read(text: str) -> None:
    """A number, a unit and perhaps a burst; without one, what a tenth of a second brings."""
    assert Rate.parse(text) == RATES[text]


@pytest.mark.parametrize(
    "text",
    ["", "10", "10/day", "0/s", "-1/s", "10/s burst 0", "1.5/s", "10001/s", "10/s burst", "٣/s", "10/s burst 200000"],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    """With a word about how one is written."""
    with pytest.raises(ConfigurationError, match="a rate is"):
        Rate.parse(text)


@given(st.integers(1, 10_000), st.sampled_from([1, 60, 3600]), st.integers(1, 100_000))
def test_a_rate_is_the_same_in_its_text_and_in_the_store(count: int, period: int, burst: int) -> None:
    """Whatever it is, both are read as what was written."""
    rate = Rate(count, period, burst)

    assert Rate.parse(rate.text) == rate
    assert SaidLimits.read(f"{SaidLimits(3, rate, 'ns/crm').words} ns/crm") == SaidLimits(3, rate, "ns/crm")


def test_what_is_not_said_differs_from_no_limit() -> None:
    """Nothing said leaves it to others, none overrules them; nothing at all is no words."""
    assert SaidLimits.read("- none") == SaidLimits(UNSET, None)
    assert SaidLimits(None, UNSET).text == "any number at once"
    assert (SaidLimits().words, SaidLimits.of(Limits(5)).words) == ("", "5 -")


@pytest.mark.parametrize("stored", ["", "17 - -", "17 x 1/2", "junk", "17 -3 0/1000/1", "17"])
def test_what_cannot_be_read_limits_nothing(stored: str) -> None:
    """Somebody's hand in the store stops no worker."""
    assert not LimitsInForce.read(stored).limits


def test_the_newer_limits_have_the_greater_number() -> None:
    """Which stands in front of them."""
    found = LimitsInForce.read("1900000000000 10 100/60000/20")

    assert (found.number, found.limits) == (1900000000000, Limits(10, Rate(100, 60, 20)))
    assert found.limits.text == "10 at once, 100/min burst 20"


def test_of_several_routers_the_strictest_counts() -> None:
    """For each of the two by itself; settings overrule what is written."""
    routers = Router(max_running=8, rate="100/min"), Router(max_running=5, rate="2/s"), Router()
    group = LoadedGroup("mine", routers)

    assert group.limits_of(Settings.load()).text == "5 at once, 100/min"
    assert group.limits_of(Settings.load(worker_max_running=20)).text == "20 at once, 100/min"
    assert group.limits_of(Settings.load(worker_rate="9/s")).text == "5 at once, 9/s"


def test_the_strictest_rate_keeps_all_of_them() -> None:
    """The slowest, with the smallest burst of any: whoever wrote that allows no more at once."""
    routers = Router(rate="100/min burst 2"), Router(rate="90/min burst 50")

    assert LoadedGroup("mine", routers).limits_of(Settings.load()).text == "90/min burst 2"


@pytest.mark.parametrize("needs", [{"max_running": 0}, {"max_running": True}, {"max_running": 1.5}, {"rate": "fast"}])
def test_a_router_refuses_what_no_group_could_keep(needs: dict[str, object]) -> None:
    """When it is made, not when its worker starts."""
    with pytest.raises(ConfigurationError):
        Router(**needs)  # type: ignore[call-overload]


def test_a_setting_that_is_no_rate_is_refused_by_its_name() -> None:
    """And how one is written."""
    with pytest.raises(ConfigurationError, match=r"WORKER_RATE: .*a rate is such as"):
        Settings.load(worker_rate="planted")
