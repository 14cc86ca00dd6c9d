"""Whom a resource concerns, which rep, when, and in which version: one table for every kind SalesLoft has.

Order per person, idempotency keys and what handlers read all follow from it, so nothing else names these fields.
Each kind has its own places; after them come those any resource may use, because relays fill them in
whatever they wrap.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

Resource = Mapping[str, Any]
ResourceT_co = TypeVar("ResourceT_co", covariant=True)


class EventType(str, Generic[ResourceT_co]):
    """The name of an event type, of which type checkers know the resource: those of `salesloft_webhooks.resources`."""

    __slots__ = ()


VERSION = "updated_at"
"""The field that tells versions of a resource apart. A bulk job and a conversation have none."""


class Kind(Struct, frozen=True):
    """Where resources of one kind say it. A name is that of a reference (``{"_href", "id"}``) or of a plain id.

    Attributes:
        person: The person concerned; best first.
        associated: Fields of a type and of a reference, which is a person's where the type says so.
        rep: The rep: who sent it, made it, booked it, or owns it.
        same_as: The kind under which it is ordered where there is no person; empty: itself.
        times: When what a verb says happened; best first.
    """

    person: tuple[str, ...] = ()
    associated: tuple[str, str] | None = None
    rep: tuple[str, ...] = ()
    same_as: str = ""
    times: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_EMAIL = Kind(person=("recipient",), rep=("user",), same_as="email")
_CALL = Kind(person=("called_person",), rep=("user",))

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "account": Kind(rep=("owner", "creator")),
        "bulk_job": Kind(rep=("user",), times={"completed": ("finished_at",)}),
        "cadence": Kind(rep=("owner", "creator")),
        "cadence_membership": Kind(person=("person",), rep=("user",)),
        "call": _CALL,
        "call_data_record": _CALL,
        "conversation": Kind(person=("person",), rep=("user", "owner")),
        "conversation_recording": Kind(person=("person",), rep=("user", "owner")),
        "conversation_transcript": Kind(person=("person",), rep=("user", "owner")),
        "email": _EMAIL,
        "email_with_body_and_subject": _EMAIL,
        "meeting": Kind(person=("person",), rep=("booked_by_user", "user"), times={"booked": ("created_at",)}),
        "note": Kind(associated=("associated_type", "associated_with"), rep=("user",)),
        "person": Kind(person=("id",), rep=("owner",)),
        "step": Kind(rep=("user",)),
        "success": Kind(person=("person",), rep=("user",)),
        "task": Kind(person=("person",), rep=("user", "created_by_user"), times={"completed": ("completed_at",)}),
        "user": Kind(rep=("id",)),
    }
)
"""Every kind of resource that SalesLoft's 37 events carry, but the synchronous ``link``."""

_UNKNOWN = Kind()
_ANY_PERSON = ("person", "recipient", "called_person")
_ANY_REP = ("user", "owner")
_ADDRESSES = ("recipient_email_address", "recipient_email", "email_address", "email")
_CREATED_AT, _UPDATED_AT = "created_at", VERSION


def kind_of(event_type: str) -> str:
    """The kind of resource an event type carries: ``person`` of ``person.updated``."""
    return event_type.partition(".")[0]


def persons(kind: str, data: Resource) -> Iterator[object]:
    """What may be the id of the person concerned, the best first. Nothing is checked: a sender wrote it."""
    places = KINDS.get(kind, _UNKNOWN)
    yield data.get("person_id")
    if places.associated and _is_person(data.get(places.associated[0])):
        yield from ids(data, places.associated[1])
    for name in (*places.person, *_ANY_PERSON):
        yield from ids(data, name)


def reps(kind: str, data: Resource) -> Iterator[object]:
    """What may be the id of the rep, the best first. Nothing is checked."""
    yield data.get("user_id")
    for name in (*KINDS.get(kind, _UNKNOWN).rep, *_ANY_REP):
        yield from ids(data, name)


def accounts(kind: str, data: Resource) -> Iterator[object]:
    """What may be the id of the account concerned, the best first. Nothing is checked."""
    yield from ids(data, "id" if kind == "account" else "account")


def address(data: Resource) -> str | None:
    """The address of whom it concerns: for an email and a meeting, the one it went to; None without one."""
    return next((value for name in _ADDRESSES if isinstance(value := data.get(name), str) and value), None)


def lane_kind(kind: str) -> str:
    """The kind under whose name a resource without a person is ordered: both events of an email are one email's."""
    return KINDS.get(kind, _UNKNOWN).same_as or kind


def happens_once(event_type: str) -> bool:
    """Whether it happens to a resource once at most, so that the resource alone tells repeats."""
    return event_type.endswith((".created", ".deleted")) or event_type in {"task.completed", "meeting.booked"}


def times(event_type: str) -> tuple[str, ...]:
    """The fields that may say when it happened, the best first."""
    kind, _, verb = event_type.partition(".")
    usual = (_CREATED_AT, _UPDATED_AT) if verb == "created" else (_UPDATED_AT, _CREATED_AT)
    return (*KINDS.get(kind, _UNKNOWN).times.get(verb, ()), *usual)


def _is_person(value: object) -> bool:
    """SalesLoft calls these types case-insensitive."""
    return isinstance(value, str) and value.lower() == "person"


def ids(data: Resource, name: str) -> Iterator[object]:
    """The id in a reference, in a plain field (``person: 7``), or in the flat form of either (``person_id: 7``)."""
    value = data.get(name)
    if name == "id":
        yield value
        return
    if isinstance(value, Mapping):
        yield value.get("id")
    elif isinstance(value, int):
        yield value
    yield data.get(f"{name}_id")
