"""The whole of it, on a port of the loopback interface or wherever it is told to listen."""

from contextlib import AsyncExitStack
from datetime import datetime
from random import Random
from types import TracebackType
from typing import Any, Self

from salesloft_webhooks.background import Background
from salesloft_webhooks.listening import reachable
from salesloft_webhooks.simulator.back_office import BackOffice
from salesloft_webhooks.simulator.platform.access import Access
from salesloft_webhooks.simulator.platform.behaviour import Behaviour
from salesloft_webhooks.simulator.platform.control_api import ControlApi
from salesloft_webhooks.simulator.platform.faults import Faults
from salesloft_webhooks.simulator.platform.generated_load import GeneratedLoad
from salesloft_webhooks.simulator.platform.http_api import TOKEN, VERSION, HttpApi
from salesloft_webhooks.simulator.platform.http_port import HttpPort
from salesloft_webhooks.simulator.platform.outgoing_mail import OutgoingMail
from salesloft_webhooks.simulator.platform.rate_limit import RateLimit
from salesloft_webhooks.simulator.platform.registered_subscriptions import RegisteredSubscriptions
from salesloft_webhooks.simulator.platform.subscription_deliveries import SubscriptionDeliveries
from salesloft_webhooks.simulator.platform.team_records import TeamRecords
from salesloft_webhooks.simulator.sales_team import ATLANTA, Change, SalesTeam

WITH_BODY = "email_with_body_and_subject_updated"
"""The other name of a change of an email, for whoever subscribed to it: the same record with its body."""
INVENTED_BODY = "<p>Shall we talk on Tuesday?</p>"


class SimulatedPlatform:
    """A SalesLoft that can be asked; use as ``async with``.

    Args:
        behaviour: How it behaves.
        host: Where it listens, see `listen`.
        port: The port; 0 takes a free one.
        control_port: The port of `ControlApi`; 0 takes a free one; None: there is none.
        seed: The same seed invents the same people and happenings.

    Attributes:
        access: Which tokens are valid.
        subscriptions: What is registered.
        records: What the lists show.
        rate_limit: What is left of it.
        faults: What is to go wrong.
        deliveries: What was sent to subscribers.
        load: What happens by itself: nothing, unless it is given a rate.
        mail: Sends mails, and asks about their links first.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int | None = None,
        seed: int | None = None,
    ) -> None:
        self._behaviour = behaviour or Behaviour()
        self._host = host
        clock = self._behaviour.clock
        self.access = Access(self._behaviour.token_seconds, clock)
        self.subscriptions = RegisteredSubscriptions(
            self._behaviour.tenant_id, one_of_a_kind=self._behaviour.one_of_a_kind
        )
        self.records = TeamRecords(clock, self._behaviour.kept_records)
        self.rate_limit = RateLimit(self._behaviour.per_minute, self._behaviour.minute_seconds, clock)
        self.faults = Faults(clock)
        self.deliveries = SubscriptionDeliveries(self.subscriptions, self.faults, self._behaviour)
        self.mail = OutgoingMail(self.subscriptions, self._behaviour)
        random = Random(seed)  # noqa: S311 - invented people
        office = BackOffice(Random(random.random()))  # noqa: S311 - likewise
        self.load = GeneratedLoad(
            SalesTeam(random, datetime.fromtimestamp(clock(), ATLANTA)), office, self.happen, clock
        )
        self._background = Background()
        self._stack = AsyncExitStack()
        self._api = HttpApi(
            self.access, self.subscriptions, self.records, self.rate_limit, self.faults, self._behaviour
        )
        self._ports: list[HttpPort] = [HttpPort(self._api.application(), host, port)]
        if control_port is not None:
            control = ControlApi(self.deliveries.account, self.load, self.faults, self.access, self.mail, self.summary)
            self._ports.append(HttpPort(control.application(), host, control_port))

    @property
    def url(self) -> str:
        """The API's address, with its version."""
        return f"http://{reachable(self._host)}:{self._ports[0].port}{VERSION}"

    @property
    def token_url(self) -> str:
        """Where apps get their access tokens."""
        return f"http://{reachable(self._host)}:{self._ports[0].port}{TOKEN}"

    @property
    def control_url(self) -> str:
        """Where it can be looked into and interfered with."""
        return f"http://{reachable(self._host)}:{self._ports[-1].port}"

    def summary(self) -> dict[str, Any]:
        """What became of all changes, and what else there is, as JSON has it."""
        subscriptions = list(self.subscriptions)
        limit = self.rate_limit
        return {
            **self.deliveries.account.plain(),
            "strays": self.deliveries.strays.plain(),
            "rate": self.load.rate,
            "subscriptions": {"all": len(subscriptions), "enabled": sum(each["enabled"] for each in subscriptions)},
            "rate_limit": {"spent": limit.spent, "refused": limit.refused, "most": limit.most, "left": limit.left},
        }

    def happen(self, change: Change) -> None:
        """Something changes at the team: the lists show it, and whoever subscribed to it is sent it."""
        self.records.change(change.native_name, change.resource)
        self.deliveries.send(change.native_name, change.resource)
        if change.native_name == "email_updated" and self.subscriptions.of(WITH_BODY):
            self.deliveries.send(WITH_BODY, {**change.resource, "body": INVENTED_BODY})

    async def failure(self) -> Exception:
        """Return when nothing happens any more by itself, because of an error: with it."""
        return await self._background.failure()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for port in self._ports:
                await stack.enter_async_context(port)
            await stack.enter_async_context(self.deliveries)
            await stack.enter_async_context(self.mail)
            await stack.enter_async_context(self._background)
            self._background.repeat(self.load.step, name="load")
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._api.stopping.set()
        await self._stack.__aexit__(kind, error, traceback)
