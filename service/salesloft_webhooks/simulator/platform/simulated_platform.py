"""The whole of it, on a port of the loopback interface or wherever it is told to listen."""

from datetime import datetime
from random import Random
from types import TracebackType
from typing import Self

from aiohttp import web

from salesloft_webhooks.background import Background
from salesloft_webhooks.simulator.platform.access import Access
from salesloft_webhooks.simulator.platform.behaviour import Behaviour
from salesloft_webhooks.simulator.platform.faults import Faults
from salesloft_webhooks.simulator.platform.generated_load import GeneratedLoad
from salesloft_webhooks.simulator.platform.http_api import TOKEN, VERSION, HttpApi
from salesloft_webhooks.simulator.platform.rate_limit import RateLimit
from salesloft_webhooks.simulator.platform.registered_subscriptions import RegisteredSubscriptions
from salesloft_webhooks.simulator.platform.subscription_deliveries import SubscriptionDeliveries
from salesloft_webhooks.simulator.platform.team_records import TeamRecords
from salesloft_webhooks.simulator.sales_team import ATLANTA, Change, SalesTeam

SHUTDOWN_SECONDS = 0.5


class SimulatedPlatform:
    """A SalesLoft that can be asked; use as ``async with``.

    Args:
        behaviour: How it behaves.
        host: Where it listens.
        port: The port; 0 takes a free one.
        seed: The same seed invents the same people and happenings.

    Attributes:
        access: Which tokens are valid.
        subscriptions: What is registered.
        records: What the lists show.
        rate_limit: What is left of it.
        faults: What is to go wrong.
        deliveries: What was sent to subscribers.
        load: What happens by itself: nothing, unless it is given a rate.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int | None = None,
    ) -> None:
        self._behaviour = behaviour or Behaviour()
        self._host, self._port = host, port
        clock = self._behaviour.clock
        self.access = Access(self._behaviour.token_seconds, clock)
        self.subscriptions = RegisteredSubscriptions()
        self.records = TeamRecords(clock, self._behaviour.kept_records)
        self.rate_limit = RateLimit(self._behaviour.per_minute, self._behaviour.minute_seconds, clock)
        self.faults = Faults(clock)
        self.deliveries = SubscriptionDeliveries(self.subscriptions, self.faults, self._behaviour)
        team = SalesTeam(Random(seed), datetime.fromtimestamp(clock(), ATLANTA))  # noqa: S311 - invented people
        self.load = GeneratedLoad(team, self.happen, clock)
        self._background = Background()
        self._api = HttpApi(
            self.access, self.subscriptions, self.records, self.rate_limit, self.faults, self._behaviour
        )
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The API's address, with its version."""
        return f"http://{self._host}:{self._port}{VERSION}"

    @property
    def token_url(self) -> str:
        """Where apps get their access tokens."""
        return f"http://{self._host}:{self._port}{TOKEN}"

    def happen(self, change: Change) -> None:
        """Something changes at the team: the lists show it, and whoever subscribed to it is sent it."""
        self.records.change(change.native_name, change.resource)
        self.deliveries.send(change.native_name, change.resource)

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self._api.application(), shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        await self.deliveries.__aenter__()
        await self._background.__aenter__()
        self._background.repeat(self.load.step, name="load")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._api.stopping.set()
        await self._background.__aexit__(kind, error, traceback)
        await self.deliveries.__aexit__(kind, error, traceback)
        if self._runner is not None:
            await self._runner.cleanup()
