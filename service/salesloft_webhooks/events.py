"""Events: what a delivery becomes before it is stored (`NewEvent`) and what a handler receives (`Event`)."""

from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic

import msgspec
from msgspec import Struct
from typing_extensions import TypeVar

from salesloft_webhooks import resource_kinds
from salesloft_webhooks.errors import FollowUpRefused
from salesloft_webhooks.follow_ups import ASKER, Asker, Cancelled, FollowUp, Wanted, checked_arguments, checked_key
from salesloft_webhooks.time_spans import span_in_seconds
from salesloft_webhooks.timestamps import parse_timestamp

if TYPE_CHECKING:
    from salesloft_webhooks.resources.reading import Resource

ResourceT_co = TypeVar("ResourceT_co", covariant=True, default="Resource")
"""What an event is about, for type checkers: an `Event` without it is about some resource."""

BACKFILL_TOKEN = "back"  # noqa: S105 - a mark, not a password
"""What tells deliveries that a backfill makes from all others in an event's record: always the same. So whoever makes
one once more, after a crash, is told again that it was new."""


class Watermark(Struct):
    """Store an event only if it raises a level that the broker remembers (90 days by default).

    SalesLoft reports counters ("3 views so far"), handlers want happenings ("was opened"). The dialect states the
    level a delivery claims; the publish script compares and stores atomically with deduplication, so a late, older
    delivery neither lowers the level nor yields an event.

    Attributes:
        subject: What the level belongs to, e.g. ``email/812345678``.
        name: Which level, e.g. ``opened``.
        level: The claimed level, >= 1. Anything never seen before is at 0.
    """

    subject: str
    name: str
    level: int


@dataclass(slots=True)
class NewEvent:
    """A verified event that is not stored yet.

    Attributes:
        event_id: Idempotency key, unique within the source's account.
        event_type: Dotted name, e.g. ``person.updated``.
        entity_key: What must stay in order: ``person:<id>`` where a person is known, else the resource itself.
        created_at: ISO 8601 time of the happening, as the sender wrote it.
        data: The resource as JSON bytes, made uniform (``person_id`` present, ``callback_token`` gone).
        watermark: If set, the event is stored only when it raises this level.
    """

    event_id: str
    event_type: str
    entity_key: str
    created_at: str
    data: bytes
    watermark: Watermark | None = None


class NewDelivery(Struct):
    """One verified delivery: the event it carries first, then those derived from it. Stored atomically.

    Attributes:
        source: Name of the configured source.
        events: At least one; the first one decides whether the delivery is new or a duplicate.
        traceparent: W3C trace context of the receiving span, or empty.
        received_at: When it came, for one that is stored later (out of quarantine); None: when the store accepts it.
        backfilled: Whether a backfill made it: no webhook has come.
    """

    source: str
    events: tuple[NewEvent, ...]
    traceparent: str = ""
    received_at: datetime | None = None
    backfilled: bool = False


@dataclass(frozen=True)
class Event(Generic[ResourceT_co]):
    """A stored event as handlers receive it. `Event[Person]` is one about a person, for type checkers.

    Attributes:
        event_id: Stable over SalesLoft's retries and over our attempts.
        event_type: Dotted name, e.g. ``email.opened``.
        created_at: ISO 8601 time of the happening, as the sender wrote it.
        source: Name of the configured source.
        received_at: When the store accepted it (server time, UTC).
        raw_data: The resource as JSON bytes; use `data` for the parsed form.
        entity_key: The ordering key, ``person:<id>`` or the resource itself.
        attempt: 1 for the first attempt in this group.
        group: The consumer group handling it.
        traceparent: W3C trace context of the delivery, or empty.
        follow_up: What was asked for, when this is a follow-up; else None.
    """

    event_id: str
    event_type: str
    created_at: str
    source: str
    received_at: datetime
    raw_data: bytes = field(repr=False)
    entity_key: str = ""
    attempt: int = 1
    group: str = ""
    traceparent: str = field(default="", repr=False)
    follow_up: FollowUp | None = field(default=None, repr=False)

    def later(
        self,
        *,
        after: timedelta | float,
        key: str,
        task: str = "",
        arguments: Mapping[str, Any] | None = None,
        on_done: bool = False,
    ) -> Coroutine[Any, Any, bool]:
        """Have this group handle the event again, as a follow-up, or run a named task of a router (docs/follow_ups.md).

        Args:
            after: When, from now: seconds, or a `timedelta`; a year at the most.
            key: What it is called. One that waits for the same person (entity) under this key is replaced.
            task: The name of a task (`Router.task`); empty: the handlers of this event, which see `follow_up`.
            arguments: What the task is given, as JSON.
            on_done: Store it together with the end of this event, and only if that is done; else it is stored now.

        Returns:
            False: this event has asked for it before, and it has begun, was cancelled or replaced: nothing happens.
            With ``on_done`` always True.

        Raises:
            FollowUpRefused: there can be no such follow-up.
            Retry: the store cannot be asked; passed on, the event comes again, and spends no attempt.
        """
        seconds = span_in_seconds("Event.later", after)
        wanted = Wanted(checked_key(key), seconds, task, checked_arguments(task, arguments), on_done)
        return self._asker().ask_later(wanted)  # what is refused is, also where nobody could await it

    def cancel_later(self, key: str) -> Coroutine[Any, Any, Cancelled]:
        """Cancel the follow-up by this key of the same person (entity) in this group. Raises what `later` does."""
        return self._asker().cancel_later(checked_key(key))

    def _asker(self) -> Asker:
        asker: Asker | None = self.__dict__.get(ASKER)
        if asker is None:
            raise FollowUpRefused("follow-ups are asked for by handlers of a worker, in its own process")
        return asker

    def __getstate__(self) -> dict[str, Any]:
        """For handlers in processes of their own: all but what belongs to the worker."""
        return {name: value for name, value in self.__dict__.items() if name != ASKER}

    @property
    def _described_type(self) -> str:
        """The type of the event that `data` is of."""
        return self.event_type if self.follow_up is None else self.follow_up.event_type

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The resource as SalesLoft describes it, plus ``person_id`` whatever the dialect. Treat it as read-only."""
        parsed: Mapping[str, Any] = msgspec.json.decode(self.raw_data)
        return parsed

    @cached_property
    def resource(self) -> ResourceT_co:
        """The same as its kind's type where SalesLoft has published one, else a `Resource`; read when first asked."""
        from salesloft_webhooks.resources import resource_of  # noqa: PLC0415 - most workers never ask

        found: ResourceT_co = resource_of(self._described_type, self.raw_data)
        return found

    @property
    def person_id(self) -> int | None:
        """The person concerned, in both dialects; None where there is none (an account, a cadence)."""
        return first_number(resource_kinds.persons(resource_kinds.kind_of(self._described_type), self.data))

    @property
    def user_id(self) -> int | None:
        """The rep concerned: who sent the email, made the call or owns the person; None where there is none."""
        return first_number(resource_kinds.reps(resource_kinds.kind_of(self._described_type), self.data))

    @property
    def account_id(self) -> int | None:
        """The account concerned: its own id, or that of the one a resource refers to; None where there is none."""
        return first_number(resource_kinds.accounts(resource_kinds.kind_of(self._described_type), self.data))

    @property
    def resource_id(self) -> int | None:
        """The id of the resource itself: the email, the call, the person."""
        return _number(self.data.get("id"))

    @property
    def email_address(self) -> str | None:
        """The address of whom it concerns (email, meeting: the one it went to), as written; None without one."""
        return resource_kinds.address(self.data)

    @cached_property
    def updated_at(self) -> datetime:
        """When the resource last changed: what tells a stale copy from a fresh one. `happened_at` if it is not said."""
        return parse_timestamp(self.data.get(resource_kinds.VERSION)) or self.happened_at

    @cached_property
    def happened_at(self) -> datetime:
        """`created_at` as a time with a zone; `received_at` if the sender wrote something unreadable."""
        return parse_timestamp(self.created_at) or self.received_at

    @property
    def idempotency_key(self) -> str:
        """What to hand to systems outside our reach: the same for every attempt of this event in this group."""
        return f"{self.group}/{self.event_id}"

    @property
    def age_seconds(self) -> float:
        """Seconds since the store accepted the event, by this machine's clock."""
        return (datetime.now(UTC) - self.received_at).total_seconds()


def assembled(**attributes: Any) -> Event:
    """An event of attributes that are all there: the hot path's constructor.

    That of a frozen dataclass sets attributes one by one through `object.__setattr__`, at three times the cost.
    """
    event = object.__new__(Event)
    event.__dict__.update(attributes)
    return event


_MAX_ID = 2**63 - 1  # what a database's BIGINT holds: anything above is no id of SalesLoft's
_MAX_ID_DIGITS = len(str(_MAX_ID))


def first_number(candidates: Iterable[object]) -> int | None:
    """The first of them that can be an id of SalesLoft's."""
    return next((number for each in candidates if (number := _number(each)) is not None), None)


def _number(value: object) -> int | None:
    """An id as a number; relays are known to send them as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_ID_DIGITS:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MAX_ID else None
