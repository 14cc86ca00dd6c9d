"""What happens to one delivery, in an order that never changes: size, signature, parse, store, answer.

What the headers decide alone is decided before a body is waited for: a declared size over the limit (413), and after it
headers for which no body could be authentic (401).

Nothing is parsed and no other system is asked before the signature is proven on the raw bytes, so an unauthenticated
client costs us one HMAC and learns nothing, not even how the store is doing. Nothing is answered with 200 before the
store has confirmed the write at the configured level of durability.

Every way out is a `DeliveryOutcome`; whatever goes wrong beyond what is named here is 503, because "not stored, try
again" is the one thing that is certain. A 500 would say the same with less, and a 4xx would make the sender give up.
"""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from starlette.types import Receive, Scope, Send

from salesloft_webhooks.broker import Publisher, Store, Stored, StoreWatch, quarantine
from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.dialects import Authenticated
from salesloft_webhooks.errors import SignatureRejected, StoreError, StoreFull, StoreUnavailable, UnreadableDelivery
from salesloft_webhooks.events import NewDelivery
from salesloft_webhooks.link_swap.request import MAX_BYTES, read
from salesloft_webhooks.operations import body_at_once, body_evicted
from salesloft_webhooks.receiver.body import BodyReader, Headers
from salesloft_webhooks.receiver.in_flight import InFlightDeliveries
from salesloft_webhooks.receiver.responses import AnswerResponse, FollowedResponse, Responses
from salesloft_webhooks.receiver.sources import Source
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import DeliverySpan, ReceiverTelemetry

if TYPE_CHECKING:
    from salesloft_webhooks.link_swap.answering import LinkSwaps
    from salesloft_webhooks.receiver.swap_events import SwapEvents


class ReceiverContext(Struct, frozen=True):
    """What the deliveries of all sources share."""

    settings: Settings
    store: Store
    publisher: Publisher
    watch: StoreWatch
    telemetry: ReceiverTelemetry
    bodies: BodyReader
    in_flight: InFlightDeliveries
    responses: Responses
    swaps: "LinkSwaps | None" = None
    swap_events: "SwapEvents | None" = None


class DeliveryEndpoint:
    """The ASGI application behind one source's path."""

    def __init__(self, source: Source, context: ReceiverContext) -> None:
        self._source = source
        self._context = context

    def _span(self, headers: Headers) -> DeliverySpan:
        return self._context.telemetry.delivery(self._source.name, headers, path=self._source.path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one delivery, whatever happens; only a client that left gets no answer."""
        in_flight = self._context.in_flight
        try:
            with in_flight.delivery(), self._span(scope["headers"]) as span:
                answer = await self._answer(scope, receive, span)
        except Exception:  # noqa: BLE001 - a defect; the span, left without a verdict, has logged it
            answer = self._context.responses.read(DeliveryOutcome.ERROR)
        if answer is not None:
            await (answer.closing() if in_flight.draining else answer)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, span: DeliverySpan) -> AnswerResponse | None:
        headers: Headers = scope["headers"]
        try:
            body: bytes | DeliveryOutcome | None = body_at_once(scope)
            if body is None:
                if refusal := self._refuse_by_headers(headers, span):
                    return refusal
                body = await self._context.bodies.read(receive)
            elif len(body) > self._context.bodies.max_bytes:
                body = DeliveryOutcome.TOO_LARGE
            if isinstance(body, DeliveryOutcome):
                return self._refuse(DeliveryOutcome.OVERLOADED if body_evicted(scope) else body, span)
            return await self._accept(headers, body, span)
        except SignatureRejected as exc:
            span.rejected(exc.reason)
            return self._context.responses.read(DeliveryOutcome.REJECTED)
        except StoreError as exc:
            self._context.watch.look_thoroughly()
            outcome = span.store_failed(exc)
        except asyncio.CancelledError:
            # Uvicorn cancels what outlasts the drain time, and would answer 500 if we let it through.
            outcome = span.store_failed(StoreUnavailable("not stored before the drain time was over"))
        return self._context.responses.read(outcome)

    def _refuse_by_headers(self, headers: Headers, span: DeliverySpan) -> AnswerResponse | None:
        """What needs no body: in an order that costs nothing while it can, its size by its own account comes first."""
        if self._context.bodies.too_large(headers):
            return self._refuse(DeliveryOutcome.TOO_LARGE, span)
        if reason := self._source.form_problem(headers, time.time()):
            span.rejected(reason)
            return self._context.responses.unread(DeliveryOutcome.REJECTED)
        return None

    async def _accept(self, headers: Headers, body: bytes, span: DeliverySpan) -> AnswerResponse:
        authentic = self._source.authenticate(headers, body, time.time())
        span.verified(dialect=authentic.dialect, key_index=authentic.key_index)
        if self._context.swaps is not None and authentic.awaited:
            return await self._swap_links(self._context.swaps, authentic, span)
        if self._context.watch.full:
            raise StoreFull(self._context.watch.full)
        try:
            events = authentic.read()
        except UnreadableDelivery as exc:
            return await self._unreadable(authentic, exc, span)
        outcome = await self._context.publisher.publish(NewDelivery(self._source.name, events, span.traceparent))
        return self._context.responses.read(span.stored(events[0].event_type, duplicate=outcome is Stored.DUPLICATE))

    async def _swap_links(self, swaps: "LinkSwaps", authentic: Authenticated, span: DeliverySpan) -> AnswerResponse:
        """What SalesLoft waits for before it sends a mail. No store between the question and its answer."""
        if len(authentic.body) > MAX_BYTES:
            span.refused(DeliveryOutcome.TOO_LARGE)
            return self._context.responses.read(DeliveryOutcome.TOO_LARGE)
        try:
            request = read(authentic.body, authentic.resource())
        except UnreadableDelivery as exc:
            return await self._unreadable(authentic, exc, span)
        answered = await swaps.answer(request, span.age_seconds)
        if answered.links is None:
            answer = self._context.responses.read(span.link_swap(DeliveryOutcome.NOT_SWAPPED))
        else:
            span.link_swap(DeliveryOutcome.LINK_SWAP)
            answer = self._context.responses.links(answered.links)
        if (events := self._context.swap_events) is None:
            return answer
        if self._context.watch.full:
            return FollowedResponse(answer, events.leave_out)
        return FollowedResponse(answer, partial(events.publish, self._source.name, request, answered, span.traceparent))

    async def _unreadable(
        self, authentic: Authenticated, exc: UnreadableDelivery, span: DeliverySpan
    ) -> AnswerResponse:
        await self._quarantine(authentic, exc)
        span.unreadable(exc.reason)
        return self._context.responses.unreadable(str(exc))

    async def _quarantine(self, authentic: Authenticated, error: UnreadableDelivery) -> None:
        settings = self._context.settings
        body = authentic.redacted_body()
        try:
            async with asyncio.timeout(settings.store_timeout_seconds):
                await quarantine(
                    self._context.store,
                    source=self._source.name,
                    dialect=authentic.dialect,
                    reason=error.reason,
                    body=body,
                    limit=settings.quarantine_limit,
                    from_headers=authentic.from_headers,
                    content_redacted=authentic.content_redacted(body),
                )
        except TimeoutError:
            raise StoreUnavailable(f"not kept within {settings.store_timeout_seconds} s") from None

    def _refuse(self, outcome: DeliveryOutcome, span: DeliverySpan) -> AnswerResponse | None:
        """Of a body that was not read. Where the client has left, or the server has answered, there is no answer."""
        span.refused(outcome)
        answered = outcome in {DeliveryOutcome.DISCONNECTED, DeliveryOutcome.OVERLOADED}
        return None if answered else self._context.responses.unread(outcome)
