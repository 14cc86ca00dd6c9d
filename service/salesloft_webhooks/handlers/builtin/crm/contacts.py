"""What the `crm` group says to a back end about people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.database.resource_versions import is_unreadable, plausible_time, version_of
from salesloft_webhooks.handlers.database.storable_values import clean_text
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

FIELDS = {
    "email_address": "email_address",
    "first_name": "first_name",
    "last_name": "last_name",
    "title": "title",
    "phone": "phone",
    "company": "person_company_name",
    "crm_id": "crm_id",
}
"""Our name of a contact's field -> SalesLoft's."""

_NO_TEXT = 10**30
"""Whole numbers from here on are no text of anybody's, and Python refuses to write very long ones."""

_OWNER = frozenset({"user_id", "user", "owner_id", "owner"})


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as SalesLoft knew them at `updated_at`.

    Attributes:
        person_id: SalesLoft's id.
        updated_at: The version; an older one must never overwrite a newer one.
        deleted: The person is gone.
        fields: Values by our names, those of `FIELDS` that the event says anything about; None: SalesLoft has nothing.
            What is stated and is no text (an object, a list) is not among them.
        owner_id: The rep who owns them.
        idempotency_key: Of the event that says so.
        states_owner: Whether the event says anything about the owner.
        resource: The person as the event has them, for fields that have no name of ours. Read-only.
    """

    person_id: int
    updated_at: datetime
    deleted: bool
    fields: dict[str, str | None]
    owner_id: int | None
    idempotency_key: str
    states_owner: bool = True
    resource: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail to a person came back.

    Attributes:
        person_id: SalesLoft's id.
        email_address: The address it went to; None if the event does not say: then the contact's present one.
        bounced_at: When.
        idempotency_key: Of the event that says so.
    """

    person_id: int
    email_address: str | None
    bounced_at: datetime
    idempotency_key: str


def contact_of(event: Event) -> Contact:
    """The contact that a ``person.*`` event describes.

    Raises:
        PermanentError: the event names no person.
    """
    return Contact(
        person_id=_person_id(event),
        updated_at=_version(event),
        deleted=event.event_type == "person.deleted",
        fields={
            ours: _text(value) for ours, theirs in FIELDS.items() if _is_text(value := event.data.get(theirs, ...))
        },
        owner_id=event.user_id,
        idempotency_key=event.idempotency_key,
        states_owner=not _OWNER.isdisjoint(event.data),
        resource=event.data,
    )


def bounce_of(event: Event) -> Bounce:
    """The bounce that an ``email.bounced`` event describes.

    Raises:
        PermanentError: the event names no person.
    """
    return Bounce(
        person_id=_person_id(event),
        email_address=_text(event.email_address),
        bounced_at=plausible_time(event, event.happened_at),
        idempotency_key=event.idempotency_key,
    )


def _person_id(event: Event) -> int:
    if (person_id := event.person_id) is None:
        raise PermanentError(f"{event.event_type} without a person")
    return person_id


def _version(event: Event) -> datetime:
    if is_unreadable(event):
        _log.warning("crm.unreadable_version", person_id=event.person_id)
    return version_of(event)


def _is_text(value: Any) -> bool:
    """Whether it is one, or a number that can stand for one, or nothing."""
    return value is None or isinstance(value, str | float) or (isinstance(value, int) and abs(value) < _NO_TEXT)


def _text(value: Any) -> str | None:
    return clean_text(str(value)) if value is not None and _is_text(value) else None
