"""A small invented sales team at work: people come and go, mails are sent, opened, clicked and answered, calls made.

Resources live on: an email that was opened is the same email when it is answered, with its counters grown, which is
what makes derived events, ordering per person and late deliveries worth watching.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random

from salesloft_webhooks.simulator import invented_resources as resources
from salesloft_webhooks.simulator.invented_resources import Resource, timestamp

ATLANTA = timezone(timedelta(hours=-5))
MAX_PEOPLE = 1_000
MAX_REMEMBERED = 2_000
REPS = tuple(range(51_550, 51_560))


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened, as both dialects name it.

    Attributes:
        event_type: What the envelope dialect calls it, e.g. ``email.opened``.
        native_name: What SalesLoft calls it, e.g. ``email_updated``.
        resource: The resource after it; it goes on changing, so use it before the next change.
    """

    event_type: str
    native_name: str
    resource: Resource


Action = Callable[[], Change]

EVENT_TYPES = frozenset(
    {
        "cadence_membership.created",
        "cadence_membership.updated",
        "call.completed",
        "email.bounced",
        "email.clicked",
        "email.opened",
        "email.replied",
        "email.sent",
        "meeting.booked",
        "note.created",
        "person.created",
        "person.deleted",
        "person.updated",
        "success.created",
        "task.completed",
        "task.created",
    }
)
"""Everything that ever happens, by its name in the envelope dialect."""

NATIVE_NAMES = frozenset(
    {
        "cadence_membership_created",
        "cadence_membership_updated",
        "call_created",
        "email_updated",
        "meeting_booked",
        "note_created",
        "person_created",
        "person_deleted",
        "person_updated",
        "success_created",
        "task_completed",
        "task_created",
    }
)
"""The same by SalesLoft's names."""

LINK_SWAP = "link_swap"
"""What SalesLoft asks before it sends a mail: no change, so it happens only where it is asked for."""


class SalesTeam:
    """Yields one change after another. Everything depends on ``random`` and ``start`` alone.

    Args:
        random: The only source of chance.
        start: When the first change takes place, with a time zone.
        mean_gap_seconds: Mean time between two changes.
    """

    def __init__(self, random: Random, start: datetime, mean_gap_seconds: float = 0.05) -> None:
        self._random = random
        self._now = start
        self._mean_gap_seconds = mean_gap_seconds
        self._identity = random.randrange(10_000_000, 900_000_000)
        self._people: list[Resource] = []
        self._emails: deque[Resource] = deque(maxlen=MAX_REMEMBERED)
        self._memberships: deque[Resource] = deque(maxlen=MAX_REMEMBERED)
        self._actions: dict[Action, int] = {
            self._send: 20,
            self._open: 25,
            self._click: 8,
            self._reply: 5,
            self._bounce: 2,
            self._join: 6,
            self._change: 12,
            self._leave: 1,
            self._call: 8,
            self._enrol: 4,
            self._advance: 5,
            self._finish: 2,
            self._do_something_else: 3,
        }

    def next(self, now: datetime | None = None) -> Change:
        """Let time pass and something happen: at ``now``, or after a gap of chance."""
        # At least a microsecond: SalesLoft tells versions of a resource apart by their time.
        self._now += timedelta(microseconds=1)
        if now is None:
            self._now += timedelta(seconds=self._random.expovariate(1 / self._mean_gap_seconds))
        else:
            self._now = max(self._now, now.astimezone(self._now.tzinfo))
        (action,) = self._random.choices(list(self._actions), weights=list(self._actions.values()))
        return action()

    def next_of(self, event_type: str, now: datetime | None = None) -> Change:
        """The next change of a type, which is one of `EVENT_TYPES` or `NATIVE_NAMES`; or the next `LINK_SWAP`."""
        if event_type == LINK_SWAP:
            return self._ask()
        while event_type not in {(change := self.next(now)).event_type, change.native_name}:
            pass
        return change

    def _new_identity(self) -> int:
        self._identity += self._random.randrange(1, 50)
        return self._identity

    def _somebody(self) -> Resource:
        if not self._people:
            self._join()
        return self._random.choice(self._people)

    def _join(self) -> Change:
        if len(self._people) >= MAX_PEOPLE:
            return self._leave()
        person = resources.person(self._random, self._new_identity(), self._random.choice(REPS), self._now)
        self._people.append(person)
        return Change("person.created", "person_created", person)

    def _change(self) -> Change:
        person = self._somebody()
        person["custom_fields"]["score"] = self._random.randrange(100)
        person["hot_lead"] = self._random.random() < 0.1
        return self._touched("person.updated", "person_updated", person)

    def _leave(self) -> Change:
        person = self._somebody()
        self._people.remove(person)
        return self._touched("person.deleted", "person_deleted", person)

    def _send(self) -> Change:
        email = resources.email(self._random, self._new_identity(), self._somebody(), self._now)
        self._emails.append(email)
        return Change("email.sent", "email_updated", email)

    def _ask(self) -> Change:
        question = resources.link_swap(self._random, self._new_identity(), self._somebody(), self._now)
        return Change("link.swap", LINK_SWAP, question)

    def _open(self) -> Change:
        return self._count("email.opened", "views", self._random.choice((1, 1, 1, 2)))

    def _click(self) -> Change:
        return self._count("email.clicked", "clicks", 1)

    def _reply(self) -> Change:
        return self._count("email.replied", "replies", 1)

    def _count(self, event_type: str, field: str, more: int) -> Change:
        email = self._random.choice(self._emails) if self._emails else None
        if email is None or email["bounced"]:
            return self._send()
        email["counts"][field] += more
        return self._touched(event_type, "email_updated", email)

    def _bounce(self) -> Change:
        email = self._emails[-1] if self._emails else None
        if email is None or email["bounced"] or email["counts"]["views"]:
            return self._send()
        email["bounced"] = True
        return self._touched("email.bounced", "email_updated", email)

    def _call(self) -> Change:
        call = resources.call(self._random, self._new_identity(), self._somebody(), self._now)
        return Change("call.completed", "call_created", call)

    def _enrol(self) -> Change:
        membership = resources.cadence_membership(self._random, self._new_identity(), self._somebody(), self._now)
        self._memberships.append(membership)
        return Change("cadence_membership.created", "cadence_membership_created", membership)

    def _advance(self) -> Change:
        if not self._memberships:
            return self._enrol()
        membership = self._random.choice(self._memberships)
        membership["step"]["id"] += 1
        return self._touched("cadence_membership.updated", "cadence_membership_updated", membership)

    def _finish(self) -> Change:
        if not self._memberships:
            return self._enrol()
        membership = self._memberships.popleft()
        membership["currently_on_cadence"] = False
        membership["current_state"] = self._random.choice(("completed", "completed", "removed"))
        return self._touched("cadence_membership.updated", "cadence_membership_updated", membership)

    def _do_something_else(self) -> Change:
        kind, verb = self._random.choice(
            (
                ("task", "created"),
                ("task", "completed"),
                ("note", "created"),
                ("meeting", "booked"),
                ("success", "created"),
            )
        )
        resource = resources.small(self._random, kind, self._new_identity(), self._somebody(), self._now)
        return Change(f"{kind}.{verb}", f"{kind}_{verb}", resource)

    def _touched(self, event_type: str, native_name: str, resource: Resource) -> Change:
        resource["updated_at"] = timestamp(self._now)
        return Change(event_type, native_name, resource)
