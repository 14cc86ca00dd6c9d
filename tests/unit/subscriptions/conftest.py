"""A team that has everything."""

import pytest

from tests.unit.subscriptions.team import EVENTS, OLD, Team


@pytest.fixture
def team() -> Team:
    """Everything is there, under one key."""
    team = Team()
    for event in EVENTS:
        team.add(event, OLD)
    team.receivers_have(OLD)
    return team
