"""Event patterns mean the same in Python and on the server."""

import string
import time
from importlib.resources import files

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesloft_webhooks.broker import Outcome
from salesloft_webhooks.event_patterns import canonical, matches
from tests.support.broker_bench import Bench, settle, take
from tests.support.servers import Server

INCLUDE = files("salesloft_webhooks.broker").joinpath("lua", "include", "patterns.lua").read_text("utf-8")
SCRIPT = INCLUDE + "\nreturn matches_one_of(ARGV[1], ARGV[2]) and 1 or 0"

FEW = st.sampled_from(["a", "b", ".", "_", "0"])
"""Few signs, so that types and patterns meet by chance."""
PATTERNS = st.lists(
    st.text(st.one_of(FEW, st.sampled_from("*?"), st.sampled_from(string.ascii_lowercase)), min_size=1, max_size=12),
    min_size=1,
    max_size=4,
)
TYPES = st.one_of(
    st.text(FEW, max_size=14), st.text(string.ascii_letters + string.digits + "_.:-", max_size=14), st.text(max_size=6)
)


@st.composite
def related(draw: st.DrawFn) -> tuple[list[str], str]:
    """Patterns made from a type by putting signs in the place of parts of it, and the type, or one close to it."""
    event_type = draw(st.text(FEW, min_size=1, max_size=14))
    patterns = []
    for _ in range(draw(st.integers(1, 3))):
        pattern = list(event_type)
        for _ in range(draw(st.integers(0, 3))):
            start = draw(st.integers(0, len(pattern)))
            pattern[start : start + draw(st.integers(0, 3))] = [draw(st.sampled_from(["*", "?", "a", "*?"]))]
        patterns.append("".join(pattern))
    if draw(st.booleans()):
        place = draw(st.integers(0, len(event_type)))
        event_type = event_type[:place] + draw(FEW) + event_type[place:]
    return patterns, event_type


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=st.one_of(related(), related(), st.tuples(PATTERNS, TYPES)))
def test_python_and_the_server_agree(server: Server, case: tuple[list[str], str]) -> None:
    """Whatever the patterns and the type, both say the same."""
    patterns, event_type = case
    with server.client() as redis:
        meant = redis.eval(SCRIPT, 0, canonical(patterns), event_type)

    assert bool(meant) is matches(event_type, patterns)


def test_many_stars_do_not_hold_the_server_up(server: Server) -> None:
    """The worst pattern against the longest type is answered in the time of an ordinary call."""
    with server.client() as redis:
        began = time.perf_counter()
        assert redis.eval(SCRIPT, 0, "*a" * 60 + "b", "a" * 128) == 0

    assert time.perf_counter() - began < 0.5


async def test_a_group_gets_what_its_patterns_mean(bench: Bench) -> None:
    """Types that hold signs of Lua's own patterns are told apart as Python tells them apart."""
    patterns = ("email.o*", "call_x.?", "task*ed")
    types = ["email.opened", "emailXopened", "call_x.a", "call.x.a", "call_x.ab", "task.created", "task%ed", "email.o"]
    group = await bench.group(events=patterns)
    for event_type in types:
        await bench.publish(event_type, event_type=event_type, key=event_type)

    leases = await take(group)
    for lease in leases:
        await settle(group, lease, Outcome.DONE)

    assert [lease.event.event_type for lease in leases] == [name for name in types if matches(name, patterns)]
