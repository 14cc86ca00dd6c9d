"""The `forward-<endpoint>` groups: chosen events, signed, to HTTP endpoints of any stack.

Every endpoint is a group of its own, so a slow or broken one holds up nobody else, and each is paused, replayed and
scaled apart. Deliveries follow the Standard Webhooks specification; ``webhook-id`` is the same in every attempt.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address

import httpx2

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration import ForwardEndpoint, load_configuration
from salesloft_webhooks.handlers.builtin.forward.formats import FORMATS
from salesloft_webhooks.handlers.builtin.forward.request_limiter import RequestLimiter
from salesloft_webhooks.handlers.builtin_groups import FORWARD
from salesloft_webhooks.handlers.outbound.breaker import Breaker
from salesloft_webhooks.handlers.outbound.guarded_endpoint import GuardedEndpoint
from salesloft_webhooks.handlers.outbound.outage_retry_policy import outage_retry_policy
from salesloft_webhooks.handlers.outbound.public_addresses import CheckedTransport, is_public
from salesloft_webhooks.handlers.outbound.signing import Signer
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.settings import Settings


class Forwarder:
    """Delivers events to one endpoint."""

    def __init__(self, endpoint: ForwardEndpoint, client: httpx2.AsyncClient) -> None:
        self._url = str(endpoint.url)
        self._headers = {name: value.get_secret_value() for name, value in endpoint.headers.items()}
        self._format = FORMATS[endpoint.format]
        self._signer = _signer(endpoint)
        self._limiter = RequestLimiter(concurrency=endpoint.concurrency, per_second=endpoint.requests_per_second)
        breaker = Breaker(failures=endpoint.breaker_failures, seconds=endpoint.breaker_seconds)
        self._delivery = GuardedEndpoint("forward", breaker, timeout_seconds=endpoint.timeout_seconds)
        self._client = client

    async def deliver(self, event: Event) -> None:
        """Post the event and return when the endpoint has answered 2xx.

        Raises:
            Retry, Unavailable: see `GuardedEndpoint`; and the limits of the endpoint's configuration.
        """
        async with self._limiter.permit():
            await self._delivery.deliver(event.event_id, lambda: self._post(event))

    async def _post(self, event: Event) -> httpx2.Response:
        content_type, body = self._format(event)
        headers = {
            **self._headers,
            **self._signer.headers(event.event_id, datetime.now(UTC), body),
            "Content-Type": content_type,
        }
        request = self._client.build_request("POST", self._url, content=body, headers=headers)
        # Only status and headers are read: the body is the endpoint's to make as long as it likes.
        response = await self._client.send(request, stream=True)
        await response.aclose()
        return response


def _signer(endpoint: ForwardEndpoint) -> Signer:
    return Signer([secret.get_secret_value() for secret in endpoint.secrets])


def _endpoint(group: str, settings: Settings) -> ForwardEndpoint:
    endpoints = load_configuration(settings).forward
    endpoint = endpoints.get(group.removeprefix(FORWARD.prefix))
    if endpoint is None:
        raise ConfigurationError("WORKER_GROUP: HANDLERS_FILE has no such endpoint under `forward`")
    _signer(endpoint)  # a secret that cannot sign is found at the start, not at the first event
    if not endpoint.allow_private_addresses and _is_private_literal(endpoint.url.host or ""):
        raise ConfigurationError(
            "HANDLERS_FILE: the endpoint's address is not a public one; forward.*.allow_private_addresses allows it"
        )
    return endpoint


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(ip_address(host.strip("[]")))
    except ValueError:
        return False


def build_router(group: str, settings: Settings) -> Router[Forwarder]:
    """The handler of one endpoint's group.

    Raises:
        ConfigurationError: the configuration cannot be read, has no such endpoint, or the endpoint is impossible.
    """
    endpoint = _endpoint(group, settings)

    @asynccontextmanager
    async def lifespan(_settings: Settings) -> AsyncIterator[Forwarder]:
        limits = httpx2.Limits(max_connections=endpoint.concurrency)
        allowed = (lambda _address: True) if endpoint.allow_private_addresses else is_public
        checked = CheckedTransport(lambda: httpx2.AsyncHTTPTransport(trust_env=False, limits=limits), allowed=allowed)
        async with open_client(timeout_seconds=endpoint.timeout_seconds, transport=checked) as client:
            yield Forwarder(endpoint, client)

    router = Router(lifespan, ordering=FORWARD.ordering)

    @router.on(*endpoint.events, timeout_seconds=endpoint.timeout_seconds + 10, **outage_retry_policy(settings))
    async def forward(event: Event, forwarder: Forwarder) -> None:
        """Deliver the event."""
        await forwarder.deliver(event)

    return router
