"""What publishers do in the model."""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import rule

from salesloft_webhooks.broker import Publisher, Stored
from salesloft_webhooks.events import NewDelivery, NewEvent, Watermark
from tests.integration.broker.invariants import STREAM, StoreInvariants


class PublisherRules(StoreInvariants):
    """Deliveries arrive: new, repeated, at the same moment, with counters that rise or do not.

    Attributes:
        accepted: Every event the store has accepted, in the order of acceptance.
        levels: The highest level reported for each subject.
    """

    runner: asyncio.Runner
    publisher: Publisher
    accepted: dict[str, NewEvent]
    levels: dict[str, int]

    @rule(number=st.integers(0, 30), entity=st.integers(0, 2), wanted=st.booleans(), twice=st.booleans())
    def publish(self, number: int, entity: int, wanted: bool, twice: bool) -> None:  # noqa: FBT001
        """A delivery arrives, perhaps twice at the same moment, perhaps for the second time."""
        event_type = "wanted.event" if wanted else "other.event"
        event = NewEvent(f"event-{number}", event_type, f"person:{entity}", "2026-03-07", b"{}")

        async def publish() -> list[Stored]:
            delivery = NewDelivery("default", (event,))
            return await asyncio.gather(*(self.publisher.publish(delivery) for _ in range(2 if twice else 1)))

        outcomes = self.runner.run(publish())
        assert outcomes.count(Stored.NEW) == (event.event_id not in self.accepted)
        self.accepted.setdefault(event.event_id, event)

    @rule(subject=st.integers(0, 1), level=st.integers(1, 4), number=st.integers(100, 130))
    def publish_a_rise(self, subject: int, level: int, number: int) -> None:
        """A counter is reported: an event is derived exactly when it has risen."""
        base = NewEvent(f"base-{number}-{level}", "wanted.base", f"person:{subject}", "2026-03-07", b"{}")
        mark = Watermark(f"email/{subject}", "opened", level)
        rise = NewEvent(f"opened/{subject}/{level}", "wanted.opened", f"person:{subject}", "2026-03-07", b"{}", mark)
        before = self.redis.xlen(STREAM)

        self.runner.run(self.publisher.publish(NewDelivery("default", (base, rise))))

        new = (base.event_id not in self.accepted) + (level > self.levels[mark.subject])
        assert self.redis.xlen(STREAM) == before + new
        self.accepted.setdefault(base.event_id, base)
        if level > self.levels[mark.subject]:
            self.levels[mark.subject] = level
            self.accepted[rise.event_id] = rise
