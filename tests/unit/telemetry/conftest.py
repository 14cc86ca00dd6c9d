"""Fixtures for looking at the metrics of one test alone."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from salesloft_webhooks.events import Event
from salesloft_webhooks.telemetry.metrics import REGISTRIES

Sample = Callable[..., float | None]


@pytest.fixture
def sample() -> Sample:
    """The value of a time series by its name (without our prefix) and labels; None if it does not exist."""

    def value(name: str, **labels: str) -> float | None:
        found = [registry.get_sample_value(f"salesloft_webhooks_{name}", labels) for registry in REGISTRIES.values()]
        return next((each for each in found if each is not None), None)

    return value


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A source or group name of the test's own: metrics live as long as the process does."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())


@pytest.fixture
def event() -> Event:
    """An event that was stored just now."""
    return Event(
        event_id="person.updated/1",
        event_type="person.updated",
        created_at="2026-03-07T04:26:14Z",
        source="default",
        received_at=datetime.now(UTC),
        raw_data=b"{}",
    )
