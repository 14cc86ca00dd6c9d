"""What changes at a team beside the work with people: accounts, cadences and their steps, users, tasks, meetings, ...

`sales_team` is what a receiver mostly hears of. This is the rest, in the fields of SalesLoft's description, so that
each of its lists has something to show. Conversations are left out: nobody has published what they look like.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType

from salesloft_webhooks.simulator.invented_resources import Resource, reference, timestamp
from salesloft_webhooks.simulator.sales_team import ATLANTA, REPS, Change

MOST_OF_A_KIND = 200
FIRST_ID, LAST_ID = 1_000_000_000, 1_900_000_000
"""Beyond the ids of `sales_team`."""
_NEW, _ENDS = 0.3, 0.1
_COMPANIES = ("Example Corp", "Invented GmbH", "Sample & Sons", "Acme Ltd", "Nowhere SA", "Placeholder Inc")
_NAMES = ("Robin Sample", "Zoë Example", "Søren Ødegård", "Priya Okafor", "Li Tanaka", "Aïcha Haddad")
_TOPICS = ("Inbound, Q4", "Grüße nach der Messe", "Renewals", "VP outreach", "Event follow-up", "Win back")


@dataclass(frozen=True)
class Kind:
    """A kind of resource.

    Attributes:
        fields: What a new one has, beside id and times.
        changed: The fields of it that an update changes.
        created: The last word of the event of a new one.
        later: Those of what may happen to it afterwards; `deleted` and `completed` end it.
    """

    fields: Callable[[Random, datetime], Resource]
    changed: Callable[[Random, datetime], Resource] = lambda _random, _now: {}
    created: str = "created"
    later: tuple[str, ...] = ("updated", "deleted")


def _user(random: Random) -> Resource | None:
    return reference("users", random.choice(REPS))


def _person(random: Random) -> Resource | None:
    return reference("people", random.randrange(10_000_000, 900_000_000))


def _account(random: Random, _now: datetime) -> Resource:
    company = random.choice(_COMPANIES)
    return {"name": company, "domain": "example.com", "country": "United States", "owner": _user(random), "tags": []}


def _cadence(random: Random, _now: datetime) -> Resource:
    counts = {"cadence_people": 0, "meetings_booked": 0, "people_acted_on_count": 0}
    return {"name": random.choice(_TOPICS), "team_cadence": True, "shared": True, "draft": False, "counts": counts}


def _step(random: Random, _now: datetime) -> Resource:
    cadence = reference("cadences", random.randrange(500, 520))
    return {"name": random.choice(_TOPICS), "type": "email", "day": 1, "step_number": 1, "cadence": cadence}


def _member(random: Random, _now: datetime) -> Resource:
    name = random.choice(_NAMES)
    return {"name": name, "email": "rep@example.com", "active": True, "time_zone": "US/Eastern", "team_admin": False}


def _record_of_a_call(random: Random, _now: datetime) -> Resource:
    numbers = {"from": "+1 202 555 0100", "to": f"+1 202 555 01{random.randrange(100):02d}"}
    return {**numbers, "direction": "outbound", "status": "ringing", "duration": 0, "called_person": _person(random)}


def _call(random: Random, _now: datetime) -> Resource:
    return {"to": "+1 202 555 0142", "duration": 60, "disposition": "Connected", "called_person": _person(random)}


def _meeting(random: Random, now: datetime) -> Resource:
    return {
        "title": random.choice(_TOPICS),
        "status": "booked",
        "start_time": timestamp(now + timedelta(days=1)),
        "person": _person(random),
        "booked_by_user": _user(random),
        "no_show": False,
    }


def _task(random: Random, now: datetime) -> Resource:
    due = {"due_date": (now + timedelta(days=1)).date().isoformat(), "due_at": None, "completed_at": None}
    words = {"subject": random.choice(_TOPICS), "task_type": "general", "current_state": "scheduled"}
    return {**words, **due, "person": _person(random), "user": _user(random)}


def _note(random: Random, _now: datetime) -> Resource:
    content = random.choice(_TOPICS)
    return {"content": content, "associated_type": "person", "associated_with": _person(random), "user": _user(random)}


def _bulk_job(random: Random, now: datetime) -> Resource:
    total = random.randrange(1, 500)
    ended = {"state": "done", "finished_at": timestamp(now), "total": total, "processed": total, "errors": 0}
    return {"name": random.choice(_TOPICS), "type": "person/upsert", **ended}


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "account": Kind(_account, lambda random, _: {"size": str(random.randrange(10, 9_000))}),
        "cadence": Kind(_cadence, lambda random, _: {"name": random.choice(_TOPICS)}),
        "step": Kind(_step, lambda random, _: {"day": random.randrange(1, 9)}),
        "user": Kind(_member, lambda random, _: {"active": random.random() < 0.9}, later=("updated",)),
        "call_data_record": Kind(
            _record_of_a_call,
            lambda random, _: {"status": "completed", "duration": random.randrange(1, 900)},
            later=("updated",),
        ),
        "call": Kind(_call, lambda _random, _: {"sentiment": "Demo Scheduled"}, later=("updated",)),
        "meeting": Kind(
            _meeting, lambda random, _: {"no_show": random.random() < 0.2}, created="booked", later=("updated",)
        ),
        "task": Kind(
            _task, lambda random, _: {"subject": random.choice(_TOPICS)}, later=("updated", "completed", "deleted")
        ),
        "note": Kind(_note, lambda random, _: {"content": random.choice(_TOPICS)}),
        "bulk_job": Kind(_bulk_job, created="completed", later=()),
    }
)

EVENTS = frozenset(f"{name}_{verb}" for name, kind in KINDS.items() for verb in (kind.created, *kind.later))
"""What can happen here, by SalesLoft's names."""


@dataclass
class BackOffice:
    """Yields one change after another.

    Attributes:
        random: The only source of chance.
    """

    random: Random
    _there: dict[str, list[Resource]] = field(default_factory=lambda: {name: [] for name in KINDS})
    _identities: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self._identities = iter(range(self.random.randrange(FIRST_ID, LAST_ID), 2 * LAST_ID))

    def next(self, now: datetime) -> Change:
        """Something happens at ``now``."""
        now = now.astimezone(ATLANTA)
        name = self.random.choice(list(KINDS))
        kind, there = KINDS[name], self._there[name]
        if not kind.later or not there or (self.random.random() < _NEW and len(there) < MOST_OF_A_KIND):
            return self._created(name, now)
        verb = self.random.choice(kind.later[1:]) if self.random.random() < _ENDS and kind.later[1:] else kind.later[0]
        return self._happened(name, verb, self.random.choice(there), now)

    def next_of(self, event: str, now: datetime) -> Change:
        """The next change of one of `EVENTS`."""
        while (change := self.next(now)).native_name != event:
            pass
        return change

    def _created(self, name: str, now: datetime) -> Change:
        times = {"created_at": timestamp(now), "updated_at": timestamp(now)}
        resource = {"id": next(self._identities), **times, **KINDS[name].fields(self.random, now)}
        if KINDS[name].later:
            self._there[name].append(resource)
        return self._change(name, KINDS[name].created, resource)

    def _happened(self, name: str, verb: str, resource: Resource, now: datetime) -> Change:
        # At least a microsecond later: SalesLoft tells versions of a resource apart by their time.
        least = datetime.fromisoformat(resource["updated_at"]) + timedelta(microseconds=1)
        resource["updated_at"] = timestamp(max(now, least))
        if verb == "updated":
            resource.update(KINDS[name].changed(self.random, now))
        else:
            self._there[name].remove(resource)
        if verb == "completed":
            resource.update(current_state="completed", completed_at=resource["updated_at"])
        return self._change(name, verb, resource)

    def _change(self, name: str, verb: str, resource: Resource) -> Change:
        return Change(f"{name}.{verb}", f"{name}_{verb}", resource)
