"""What is done with a Secret of keys, by what is in it and what SalesLoft has shown."""

import pytest
from msgspec.structs import replace

from salesloft_webhooks.operator.key_rotation import (
    KEEP_SECONDS,
    Action,
    Decision,
    Held,
    Progress,
    Stage,
    Wish,
    decide,
    due_in,
)

NOW, DAY = 1_000_000.0, 86_400.0
HELD = Held(keys=("a",), written=("a",), since=NOW - DAY, rotated_for="monday", ours=True, owned=True)
TWO = replace(HELD, keys=("b", "a"), written=("b", "a"))
DAILY = Wish(every_seconds=DAY)
SETTLED, BUSY = Progress(settled=True), Progress(settled=False)


def unused(seconds: float) -> Progress:
    """Nothing is signed with older keys, for so long."""
    return Progress(settled=True, unused_seconds=seconds)


@pytest.mark.parametrize(
    ("held", "known", "wish", "progress", "decision"),
    [
        pytest.param(None, "", Wish(), None, Decision(action=Action.MAKE), id="none"),
        pytest.param(None, "a", Wish(), None, Decision(action=Action.PUT_BACK), id="deleted by hand, and known"),
        pytest.param(
            replace(HELD, keys=()), "", Wish(), None, Decision(action=Action.MAKE), id="emptied, and not known"
        ),
        pytest.param(
            replace(HELD, keys=()), "a", Wish(), None, Decision(action=Action.PUT_BACK), id="emptied, and known"
        ),
        pytest.param(
            replace(TWO, ours=False), "ab", DAILY, unused(1e9), Decision(stage=Stage.NOT_OWNED), id="not ours"
        ),
        pytest.param(Held(), "a", DAILY, SETTLED, Decision(stage=Stage.NOT_OWNED), id="not ours, and empty"),
        pytest.param(
            replace(HELD, keys=("x",)), "", Wish(), None, Decision(action=Action.ACCEPT), id="edited, and not known"
        ),
        pytest.param(
            replace(HELD, keys=("x",)), "a", Wish(), None, Decision(action=Action.PUT_BACK), id="edited, and known"
        ),
        pytest.param(
            replace(TWO, keys=("b",)), "b", Wish(), None, Decision(action=Action.ACCEPT), id="an unused one taken away"
        ),
        pytest.param(
            replace(HELD, owned=False), "a", DAILY, SETTLED, Decision(action=Action.ACCEPT), id="of a former object"
        ),
        pytest.param(
            replace(HELD, since=None), "a", DAILY, SETTLED, Decision(action=Action.ACCEPT), id="nobody knows since when"
        ),
        pytest.param(HELD, "a", Wish(), SETTLED, Decision(stage=Stage.KEPT), id="one, for ever"),
        pytest.param(
            replace(HELD, since=NOW - 100),
            "a",
            DAILY,
            SETTLED,
            Decision(stage=Stage.KEPT, seconds=DAY - 100),
            id="one, for a while",
        ),
        pytest.param(HELD, "a", DAILY, None, Decision(stage=Stage.WAITING), id="due, SalesLoft not asked"),
        pytest.param(HELD, "a", DAILY, BUSY, Decision(stage=Stage.WAITING), id="due, something is missing there"),
        pytest.param(HELD, "a", DAILY, SETTLED, Decision(action=Action.ADD), id="due"),
        pytest.param(HELD, "a", Wish(rotate="tuesday"), SETTLED, Decision(action=Action.ADD), id="asked for"),
        pytest.param(HELD, "a", Wish(rotate="monday"), SETTLED, Decision(stage=Stage.KEPT), id="asked for before"),
        pytest.param(TWO, "ab", DAILY, BUSY, Decision(stage=Stage.ROTATING), id="two, of which the older signs"),
        pytest.param(TWO, "b", DAILY, None, Decision(stage=Stage.ROTATING), id="two, SalesLoft not asked"),
        pytest.param(TWO, "b", DAILY, unused(10), Decision(stage=Stage.RETIRING, seconds=KEEP_SECONDS - 10), id="two"),
        pytest.param(TWO, "b", DAILY, unused(KEEP_SECONDS), Decision(action=Action.RETIRE), id="two, long enough"),
    ],
)
def test_each_state_has_its_action(
    held: Held | None, known: str, wish: Wish, progress: Progress | None, decision: Decision
) -> None:
    """The table in `key_rotation`."""
    assert decide(held, frozenset(known), wish, progress, NOW) == decision


def test_a_clock_that_was_wrong_puts_a_rotation_off_once() -> None:
    """A key that was made next year is as good as one that was made now."""
    assert due_in(replace(HELD, since=NOW + 365 * DAY), DAILY, NOW) == DAY
