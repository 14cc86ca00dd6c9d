"""A simulated SalesLoft, and clients of it that do not wait in earnest."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import pytest

from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.salesloft import LocalBudget, Patience, Salesloft
from salesloft_webhooks.salesloft.budget import Budget
from salesloft_webhooks.salesloft.credentials import credentials_from
from salesloft_webhooks.salesloft.transport import Transport
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform import SimulatedPlatform
from salesloft_webhooks.telemetry import SalesloftTelemetry

TOKEN = "ak-an-invented-api-token"

BRIEF = Patience(whole_seconds=1.0)


@dataclass
class Waits:
    """Stands in for sleeping: time passes at once.

    Attributes:
        seconds: What was slept.
        now: The time, for a client's clock.
    """

    seconds: list[float] = field(default_factory=list)
    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.seconds.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
async def platform() -> AsyncIterator[SimulatedPlatform]:
    """A SalesLoft that takes `TOKEN`."""
    async with SimulatedPlatform() as platform:
        platform.access.allow(TOKEN)
        yield platform


@pytest.fixture
def waits() -> Waits:
    """What the client slept."""
    return Waits()


Opening = Callable[..., AbstractAsyncContextManager[Salesloft]]


@pytest.fixture
def opened(platform: SimulatedPlatform, waits: Waits) -> Opening:
    """Opens a client of the platform, with settings, budget and patience of the test's own."""

    @asynccontextmanager
    async def opening(
        budget: Budget | None = None, patience: Patience = BRIEF, **settings: object
    ) -> AsyncIterator[Salesloft]:
        chosen = settings or {"salesloft_api_token": TOKEN}
        found = Settings.load(
            **{"salesloft_api_url": platform.url, "salesloft_token_url": platform.token_url, **chosen}
        )
        async with open_client(timeout_seconds=5.0) as http:
            credentials = credentials_from(found, http, patience.whole_seconds)
            http.base_url = httpx2.URL(found.salesloft_api_url)
            counted = budget or LocalBudget(clock=waits.clock)
            telemetry = SalesloftTelemetry()
            yield Salesloft(
                Transport(http, credentials, counted, patience, telemetry, sleep=waits.sleep, clock=waits.clock)
            )

    return opening
