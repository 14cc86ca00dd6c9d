"""What the `crm` group says to a back end, and the one small protocol every back end speaks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.events import Event

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


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as SalesLoft knew them at `updated_at`.

    Attributes:
        person_id: SalesLoft's id.
        updated_at: The version; an older one must never overwrite a newer one.
        deleted: The person is gone.
        fields: Values by our names (`FIELDS`), None where SalesLoft has nothing.
        owner_id: The rep who owns them.
        idempotency_key: Of the event that says so.
    """

    person_id: int
    updated_at: datetime
    deleted: bool
    fields: dict[str, str | None]
    owner_id: int | None
    idempotency_key: str


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


class ContactBackend(Protocol):
    """A CRM. Every method may be called again for the same event and must then change nothing more.

    Errors are raised as `Retry`, `Unavailable` and `PermanentError`.
    """

    async def save(self, contact: Contact) -> None:
        """Create, change or delete the contact, unless a newer version was saved before."""

    async def mark_bounced(self, bounce: Bounce) -> None:
        """Mark the address invalid for as long as it is the contact's."""


def contact_of(event: Event) -> Contact:
    """The contact that a ``person.*`` event describes.

    Raises:
        PermanentError: the event names no person.
    """
    return Contact(
        person_id=_person_id(event),
        updated_at=event.updated_at,
        deleted=event.event_type == "person.deleted",
        fields={ours: _text(event.data.get(theirs)) for ours, theirs in FIELDS.items()},
        owner_id=event.user_id,
        idempotency_key=event.idempotency_key,
    )


def bounce_of(event: Event) -> Bounce:
    """The bounce that an ``email.bounced`` event describes.

    Raises:
        PermanentError: the event names no person.
    """
    return Bounce(_person_id(event), event.email_address, event.happened_at, event.idempotency_key)


def _person_id(event: Event) -> int:
    if (person_id := event.person_id) is None:
        raise PermanentError(f"{event.event_type} without a person")
    return person_id


def _text(value: Any) -> str | None:
    """A field's text. NUL, which JSON can carry and PostgreSQL cannot store, is dropped."""
    return str(value).replace("\x00", "") if isinstance(value, str | int | float) else None
