"""The page about the backfill says what the code covers, and what it does not."""

import re

from salesloft_webhooks.backfill.coverage import NOT_COVERED, RESOURCES
from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.telemetry import BackfillState
from tests.support.documents import read

PAGE = read("docs/backfill.md")


def test_every_resource_is_on_the_page() -> None:
    """With its events, and with what its list does not tell."""
    rows = {
        name: (events, unseen)
        for name, events, unseen in re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    }

    assert RESOURCES.keys() <= rows.keys()
    for kind in RESOURCES.values():
        events, unseen = rows[kind.name]
        assert unseen == kind.unseen
        assert all(
            f"`{DOTTED[name]}`" in events or f"`.{DOTTED[name].partition('.')[2]}`" in events
            for name in kind.event_names
        )


def test_what_is_not_covered_is_on_the_page() -> None:
    """With the reason, and what can be done."""
    for name, reason in NOT_COVERED.items():
        assert f"| `{name}` | {reason} |" in PAGE


def test_every_state_that_needs_somebody_is_on_the_page() -> None:
    """A reader of an alert finds it there."""
    for state in BackfillState:
        if state not in {BackfillState.FOLLOWING, BackfillState.CATCHING_UP, BackfillState.IDLE}:
            assert f"`{state}`" in PAGE
