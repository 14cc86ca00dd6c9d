"""`link_swap.answered`: what became of a mail's links, as an event for statistics.

Best effort, and never in the way of an answer: it is published when the answer is on its way, and what cannot be
stored, or is one too many, is left out. It has numbers and the mailing's id, no link and no address.
"""

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import msgspec

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Publisher
from salesloft_webhooks.dialects.names import OWN_EVENT_TYPES
from salesloft_webhooks.dialects.uniform_resource import identifier
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.link_swap.answering import Answered, count_swapped
from salesloft_webhooks.link_swap.request import LinkSwap
from salesloft_webhooks.telemetry import LinkSwapTelemetry

AT_ONCE = 100
"""Under way at the same time. A store that hangs must not pile them up."""
(EVENT_TYPE,) = OWN_EVENT_TYPES


class SwapEvents:
    """Publishes them; use as ``async with``. What is under way at its end is left out.

    Args:
        publisher: Stores events.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._telemetry = LinkSwapTelemetry()
        self._background = Background()
        self._under_way = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._background.__aexit__(kind, error, traceback)

    def leave_out(self) -> None:
        """Not to tell of an answer: there is more in the store than there may be."""
        self._telemetry.event_left_out()

    def publish(self, source: str, request: LinkSwap, answered: Answered, traceparent: str) -> None:
        """Begin to tell of an answer."""
        if self._under_way >= AT_ONCE:
            self.leave_out()
            return
        self._under_way += 1
        delivery = NewDelivery(source, (event(request, answered),), traceparent)
        self._background.start(self._store(delivery), name="link-swap-event")

    async def _store(self, delivery: NewDelivery) -> None:
        try:
            await self._publisher.publish(delivery)
        except Exception:  # noqa: BLE001 - statistics are worth no receiver
            self._telemetry.event_left_out()
        finally:
            self._under_way -= 1


def event(request: LinkSwap, answered: Answered) -> NewEvent:
    """The event of an answer; a repeat of the same question has the same id."""
    mailing = request.data.get("mailing")
    mailing_id = mailing.get("id") if isinstance(mailing, dict) else None
    readable = identifier(mailing_id)
    data = {
        "mailing_id": mailing_id if readable else None,
        "person_id": None,
        "links": len(request.links),
        "swapped": count_swapped(answered.links or {}),
        "outcome": answered.outcome,
        "reason": answered.reason,
    }
    subject = readable or request.key[:32]
    return NewEvent(
        event_id=f"{EVENT_TYPE}/{subject}/{request.key[:32]}",
        event_type=EVENT_TYPE,
        entity_key=f"link_swap:{subject}",
        created_at=datetime.now(UTC).isoformat(),
        data=msgspec.json.encode(data),
    )
