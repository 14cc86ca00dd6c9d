"""Posts to callback URLs."""

from typing import Self

import aiohttp
from yarl import URL

from salesloft_webhooks.simulator.platform.behaviour import Behaviour
from salesloft_webhooks.simulator.signed_deliveries import Delivery

MOST_OF_AN_ANSWER = 100


class CallbackClient:
    """The connections to whoever is delivered to; use as ``async with``."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=self._behaviour.attempt_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, delivery: Delivery) -> tuple[int | None, str]:
        """One attempt: the status and the beginning of the answer; without one, None and what went wrong."""
        status, answer = await self.ask(url, delivery)
        return status, answer.decode("utf-8", "replace")[:MOST_OF_AN_ANSWER]

    async def ask(self, url: str, delivery: Delivery) -> tuple[int | None, bytes]:
        """The same, with the whole answer."""
        if self._session is None:
            return None, b"not started"
        headers = {"Content-Type": "application/json", **delivery.headers}
        address = URL(url)
        host = address.host_port_subcomponent or ""
        if (instead := self._behaviour.connect_to.get(host)) is not None:
            headers["Host"] = host
            address = URL(instead).join(address.relative())
        try:
            async with self._session.post(
                address, data=delivery.body, headers=headers, allow_redirects=False
            ) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
            return None, type(exc).__name__.encode()
