"""What is sent on a day of follow-ups, hour by hour, and which follow-ups come of it: purely."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from salesloft_webhooks.events import NewEvent
from salesloft_webhooks.follow_ups import id_of
from tests.e2e.day_handlers import KEY
from tests.support.stored_events import new_event

GROUP = "mine"
HOURS, PEOPLE = 24, 120
HOUR_SECONDS, MINUTE_SECONDS = 3_600, 60


@dataclass(frozen=True)
class Reminder:
    """A follow-up that is to run.

    Attributes:
        asker: Id of the event that asks for it.
        after_seconds: After how long.
        hour: In which hour of the day it is due at the latest.
    """

    asker: str
    after_seconds: float
    hour: int


@dataclass
class Plan:
    """A day.

    Attributes:
        events: What is sent, by the hour.
        reminders: What is to run, by its id.
        never: Ids of what is cancelled or replaced before it is due.
    """

    events: defaultdict[int, list[NewEvent]] = field(default_factory=lambda: defaultdict(list))
    reminders: dict[str, Reminder] = field(default_factory=dict)
    never: set[str] = field(default_factory=set)

    def mail(self, person: int, hour: int, after: int, *, left: int = 0, until: int = HOURS + 1) -> None:
        """One that asks for a reminder after so many hours, which asks for as many more as are left.

        Those that would be due in the hour ``until`` or later are ended before.
        """
        number = len([event for events in self.events.values() for event in events])
        seconds = after * HOUR_SECONDS - (1 + person % 30) * MINUTE_SECONDS
        data = {"id": person, "after": seconds, "left": left, "on_done": person // 6 % 2 == 0}
        asker = f"mail-{number}"
        body = json.dumps(data).encode()
        self.events[hour].append(new_event(asker, "email.sent", f"person:{person}", body))
        for each in range(1, left + 2):
            follow_up = id_of(GROUP, asker, KEY)
            if (due := hour + each * after) < until:
                self.reminders[follow_up] = Reminder(asker, seconds, due)
            else:
                self.never.add(follow_up)
            asker = follow_up

    def reply(self, person: int, hour: int) -> None:
        """One that cancels the reminder."""
        self.events[hour].append(new_event(f"reply-{person}", "email.replied", f"person:{person}"))

    def due_by(self, hour: int) -> set[str]:
        """What has run by the end of an hour."""
        return {follow_up for follow_up, reminder in self.reminders.items() if reminder.hour <= hour}


def planned() -> Plan:
    """Of six people two are reminded, one replies, one is mailed again, one is reminded often, one is mailed late."""
    plan = Plan()
    for person, kind, hours in _people():
        if kind < 2:
            plan.mail(person, 0, hours)
        elif kind == 2:
            plan.mail(person, 0, hours, until=0)
            plan.reply(person, hours - 1)
        elif kind == 3:
            plan.mail(person, 0, hours, until=0)
            plan.mail(person, hours - 1, 3)
        elif kind == 4:
            replies = person // 6 % 4 == 0
            plan.mail(person, 0, 5, left=3, until=12 if replies else HOURS + 1)
            if replies:
                plan.reply(person, 11)
        else:
            plan.mail(person, hours, HOURS - hours)
    return plan


def _people() -> Iterator[tuple[int, int, int]]:
    """Each person, what happens to them, and a number of hours from 2 to 21."""
    return ((person, person % 6, 2 + person // 6 % 20) for person in range(PEOPLE))
