"""SalesLoft's API, opened with the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import httpx2

from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.salesloft.budget import Budget, LocalBudget, SharedOrLocalBudget
from salesloft_webhooks.salesloft.credentials import credentials_from
from salesloft_webhooks.salesloft.record_lists import Lists
from salesloft_webhooks.salesloft.subscriptions import Subscriptions
from salesloft_webhooks.salesloft.transport import CONNECT_SECONDS, READ_SECONDS, USUAL_PATIENCE, Patience, Transport
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import SalesloftTelemetry

CONNECTIONS = 4
"""Requests under way at once: the rate limit is ten a second."""


class Salesloft:
    """One team's account at SalesLoft.

    Attributes:
        subscriptions: Its webhook subscriptions.
        lists: Its lists of records.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.subscriptions = Subscriptions(transport)
        self.lists = Lists(transport)

    @property
    def date(self) -> datetime | None:
        """SalesLoft's clock at its latest answer; None if there was none that says."""
        return self._transport.date

    @property
    def remaining(self) -> int | None:
        """Units of the rate limit that were left at its latest answer; None if there was none that says."""
        return self._transport.remaining


@asynccontextmanager
async def open_salesloft(
    settings: Settings, shared: Budget | None = None, patience: Patience = USUAL_PATIENCE
) -> AsyncIterator[Salesloft]:
    """Open SalesLoft's API. Nothing is asked yet.

    Args:
        settings: Where it is, and how to log in to it.
        shared: The rate limit of all processes; None: of this process alone.
        patience: How long to wait for what, and how much of the rate limit to leave for others.

    Raises:
        ConfigurationError: there are no credentials, or unusable ones.
    """
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    budget = LocalBudget() if shared is None else SharedOrLocalBudget(shared)
    async with open_client(timeout_seconds=timeout, connections=CONNECTIONS) as http:
        credentials = credentials_from(settings, http, patience.whole_seconds)
        http.base_url = httpx2.URL(settings.salesloft_api_url)
        yield Salesloft(Transport(http, credentials, budget, patience, SalesloftTelemetry()))
