"""A store, a service that takes alerts, and what a process that tells people is started with."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven
from tests.support.servers import Server
from tests.support.standins.http import StandIn

SECRET = "an-invented-token-of-a-chat"


@dataclass
class Chat:
    """The service.

    Attributes:
        taking: Where it listens.
    """

    taking: StandIn

    @property
    def address(self) -> str:
        """For `ALERT_URLS`; its path is a secret, as those of chats are."""
        return f"{self.taking.url.replace('http', 'json', 1)}/{SECRET}"

    @property
    def told(self) -> list[str]:
        """Titles of what it was sent, taken or not."""
        return [request.json["title"].removeprefix("SalesLoft webhooks: ") for request in self.taking.requests]

    @property
    def texts(self) -> list[str]:
        """What it was sent."""
        return [request.json["message"] for request in self.taking.requests]


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    """One that takes everything."""
    async with StandIn().running() as taking:
        yield Chat(taking)


@pytest.fixture
def settings(valkey: Server, chat: Chat) -> dict[str, Any]:
    """What a process that tells people is started with: it looks five times a second."""
    return {
        "redis_url": SecretStr(valkey.url),
        "alert_urls": (SecretStr(chat.address),),
        "upkeep_seconds": 0.2,
        "console_url": "https://console.example.com",
    }


@pytest.fixture
async def driven(valkey: Server, settings: dict[str, Any]) -> AsyncIterator[Driven]:
    """A pipeline that is driven by the test."""
    loaded = Settings.load(**settings)
    async with open_store(loaded) as store:
        yield Driven(store, loaded, valkey)
