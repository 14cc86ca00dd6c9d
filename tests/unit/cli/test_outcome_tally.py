"""A tally ends in the exit code that what happened deserves."""

from collections import Counter

import pytest

from salesloft_webhooks.broker.administration.dead_letter_filter import Redriven
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.outcome_tally import OutcomeTally


@pytest.mark.parametrize(
    ("outcomes", "missing", "code"),
    [
        ({}, [], ExitCode.OK),
        ({Redriven.REDRIVEN: 2}, [], ExitCode.OK),
        ({Redriven.REDRIVEN: 2, Redriven.FINISHED: 1, Redriven.GONE: 1}, [], ExitCode.OK),
        ({Redriven.REDRIVEN: 1, Redriven.NO_GROUP: 1}, [], ExitCode.PARTLY),
        ({Redriven.REDRIVEN: 1}, ["e9"], ExitCode.PARTLY),
        ({Redriven.NO_GROUP: 1}, [], ExitCode.FAILED),
        ({}, ["e9"], ExitCode.FAILED),
    ],
    ids=["nothing to do", "all", "others were faster", "some without a group", "some missing", "none", "all missing"],
)
def test_all_some_or_none(outcomes: dict[Redriven, int], missing: list[str], code: ExitCode) -> None:
    """All is 0, some is 4, none is 1; what somebody else has done meanwhile counts as done."""
    tally = OutcomeTally(Redriven.REDRIVEN, {Redriven.NO_GROUP}, Counter(outcomes), missing)

    assert tally.exit_code is code


def test_the_sentence_has_the_largest_number_first() -> None:
    """What happened most stands first, in words."""
    tally = OutcomeTally(Redriven.REDRIVEN, (), Counter({Redriven.NO_GROUP: 1, Redriven.REDRIVEN: 1_200}))

    assert tally.sentence == "1,200 redriven, 1 no group"
