"""What became of each change, as SalesLoft itself could tell it: per event type, and change by change.

Every change ends in exactly one way (`Outcome`), however many subscriptions it was sent to, so that numbers add up:
``changes == reached + lost + unsubscribed + dropped + under_way``. "Nothing refused, nothing lost" is counted here,
whatever the receiver believes.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

KEPT_CHANGES = 100_000
"""So many changes are told one by one; all are counted."""
MOST_REFUSALS = 50
OTHER = "(other answers)"
NO_ANSWER = "none"


class Outcome(StrEnum):
    """How a change ended, or that it has not ended."""

    UNDER_WAY = "under_way"
    """No delivery has succeeded, and one has attempts left."""
    REACHED = "reached"
    """A delivery of it was answered with 2xx."""
    LOST = "lost"
    """All its deliveries were given up."""
    UNSUBSCRIBED = "unsubscribed"
    """Sent to nobody: there was no enabled subscription of its event type."""
    DROPPED = "dropped"
    """Sent to nobody: that was ordered (`Fault.DROPPED`)."""


@dataclass(slots=True)
class Delivered:
    """What became of a change at one subscription.

    Attributes:
        subscription: Its id.
        event: The native name.
        resource: The id of what changed.
        statuses: What was answered to each attempt; None: nothing.
        done: Whether there is an answer of 2xx.
        over: Whether there will be no further attempt.
    """

    subscription: int
    event: str
    resource: Any
    statuses: list[int | None]
    done: bool = False
    over: bool = False


@dataclass(slots=True)
class Happened:
    """One change.

    Attributes:
        number: Its place in the order in which changes happened, from 1.
        event: The native name.
        resource: The id of what changed.
        updated_at: The time that the webhook and the lists show.
        outcome: How it ended.
        deliveries: One for each subscription that was enabled then.
    """

    number: int
    event: str
    resource: Any
    updated_at: str | None
    outcome: Outcome = Outcome.UNDER_WAY
    deliveries: list[Delivered] = field(default_factory=list)


@dataclass
class EventAccount:
    """The sums of one event type.

    Attributes:
        changes: What happened.
        outcomes: Changes by how they ended; those under way are the rest.
        deliveries: Begun: one for each subscription of a change.
        delivered: Of these, answered with 2xx.
        given_up: Of these, without an attempt left.
        answers: Attempts by the status of the answer, or `NO_ANSWER`.
    """

    changes: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    deliveries: int = 0
    delivered: int = 0
    given_up: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def plain(self) -> dict[str, Any]:
        """As JSON has it, every outcome named."""
        ended = {outcome.value: self.outcomes[outcome] for outcome in Outcome}
        ended[Outcome.UNDER_WAY] = self.changes - self.outcomes.total()
        numbers = {name: getattr(self, name) for name in ("deliveries", "delivered", "given_up")}
        return {"changes": self.changes, **ended, **numbers, "answers": dict(self.answers)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One kind of answer that was not 2xx.

    Attributes:
        event: The native name.
        status: The status; None: there was no answer.
        answer: The beginning of its body; without an answer, what went wrong.
    """

    event: str
    status: int | None
    answer: str


class Account:
    """Counts. The platform writes it, everybody may read it at any time.

    Attributes:
        changes: The latest `KEPT_CHANGES`.
        events: The sums, by native name.
        refusals: Attempts that were not answered with 2xx.
    """

    def __init__(self) -> None:
        self.changes: deque[Happened] = deque(maxlen=KEPT_CHANGES)
        self.events: dict[str, EventAccount] = {}
        self.refusals: Counter[Refusal] = Counter()
        self._number = 0

    def happened(self, event: str, resource: Mapping[str, Any]) -> Happened:
        """Something has changed."""
        self._number += 1
        change = Happened(self._number, event, resource.get("id"), resource.get("updated_at"))
        self.changes.append(change)
        self._of(change).changes += 1
        return change

    def ended(self, change: Happened, outcome: Outcome) -> None:
        """It has ended, once and for all."""
        change.outcome = outcome
        self._of(change).outcomes[outcome] += 1

    def begun(self, change: Happened, subscription: int) -> Delivered:
        """Its delivery to one subscription begins."""
        delivery = Delivered(subscription, change.event, change.resource, [])
        change.deliveries.append(delivery)
        self._of(change).deliveries += 1
        return delivery

    def answered(self, change: Happened, delivery: Delivered, status: int | None, answer: str) -> None:
        """One attempt is over."""
        of_event = self._of(change)
        delivery.statuses.append(status)
        of_event.answers[NO_ANSWER if status is None else str(status)] += 1
        if status is not None and 200 <= status < 300:
            delivery.done = True
            of_event.delivered += 1
            if change.outcome is Outcome.UNDER_WAY:
                self.ended(change, Outcome.REACHED)
            return
        refusal = Refusal(change.event, status, answer)
        if refusal not in self.refusals and len(self.refusals) >= MOST_REFUSALS:
            refusal = Refusal(change.event, status, OTHER)
        self.refusals[refusal] += 1

    def given_up(self, change: Happened, delivery: Delivered) -> None:
        """There is no attempt left."""
        self._of(change).given_up += 1
        delivery.over = True
        if change.outcome is Outcome.UNDER_WAY and all(each.over and not each.done for each in change.deliveries):
            self.ended(change, Outcome.LOST)

    def since(self, number: int, most: int) -> list[Happened]:
        """The kept changes after that number, the oldest first."""
        first = self.changes[0].number if self.changes else 1
        return list(islice(self.changes, max(0, number + 1 - first), max(0, number + 1 - first) + most))

    def plain(self) -> dict[str, Any]:
        """As JSON has it: the sums of all, by event type, and what was refused."""
        whole = EventAccount()
        for each in self.events.values():
            whole.changes += each.changes
            whole.outcomes += each.outcomes
            whole.deliveries += each.deliveries
            whole.delivered += each.delivered
            whole.given_up += each.given_up
            whole.answers += each.answers
        return {
            **whole.plain(),
            "events": {name: each.plain() for name, each in sorted(self.events.items())},
            "refusals": [{**asdict(refusal), "count": count} for refusal, count in self.refusals.most_common()],
        }

    def _of(self, change: Happened) -> EventAccount:
        return self.events.setdefault(change.event, EventAccount())
