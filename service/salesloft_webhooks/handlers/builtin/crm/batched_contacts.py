"""What the back ends of CRM vendors share: people are saved, or changed if they are there, in batches.

A bounce or a deletion must not create anybody, so those contacts are looked up first, and what is not there is done.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence

from salesloft_webhooks.handlers.batching import Batcher
from salesloft_webhooks.handlers.builtin.configuration.crm import VendorCrm
from salesloft_webhooks.handlers.builtin.crm.bisection import FAILURES, BisectingWriter, RecordVerdict, Send
from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity
from salesloft_webhooks.handlers.builtin.crm.merging import Record
from salesloft_webhooks.handlers.builtin.crm.owners import Owners
from salesloft_webhooks.handlers.outbound.breaker import Breaker
from salesloft_webhooks.handlers.outbound.http_client import PAUSE_SECONDS
from salesloft_webhooks.handlers.outbound.salesloft_users import Users
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

SendKnown = Callable[[Sequence[Record], Mapping[str, str]], Awaitable[Sequence[RecordVerdict]]]
"""Sends what is about contacts whose ids, by the records' keys, are known; see `bisection.Send`."""


class BatchedContacts(ABC):
    """A back end that writes many contacts in one request.

    Args:
        configuration: The section.
        limit: Contacts of one request at most.
        users: Whoever knows the e-mail addresses of SalesLoft's users; None: nobody does.
    """

    def __init__(self, configuration: VendorCrm, *, limit: int, users: Users | None = None) -> None:
        self._has_owners = configuration.owner_field is not None
        self._limit = limit
        self._owners = Owners(configuration, self, users)
        self._breaker = Breaker(failures=FAILURES, seconds=PAUSE_SECONDS)
        self._to_save = self.batcher(self._upsert)
        self._to_change = self.batcher(self._change)

    def batcher(self, send: Send) -> Batcher[Record]:
        """What collects records for a way to send them; all ways share a breaker."""
        return Batcher(BisectingWriter(send, self.field_problems, self._breaker).write, limit=self._limit)

    async def owner_id(self, user_id: int | None) -> str | None:
        """The CRM's id of a rep, as configured; None: nothing is known of them."""
        return await self._owners.of(user_id) if self._owners.are_configured else None

    async def save(self, contact: Contact) -> None:
        """Upsert the contact; a deletion sets the configured field of one that is there."""
        asked = self._has_owners and contact.states_owner and not contact.deleted
        owner = await self._owners.of(contact.owner_id) if asked else None
        record = self._record(contact, contact.updated_at.timestamp(), owner)
        if record is not None and not contact.deleted:
            await self._to_save.write(record)
        elif record is not None and record.fields:
            await self._to_change.write(record)

    async def mark_bounced(self, bounce: Bounce) -> None:
        """Write the address into the configured field of a contact that is there, or do nothing."""
        record = self._record(bounce, bounce.bounced_at.timestamp())
        if record is not None and record.fields:
            await self._to_change.write(record)

    @abstractmethod
    async def log(self, activity: LoggedActivity) -> None:
        """See `ContactBackend`."""

    async def owner_of(self, email_address: str) -> str | None:  # noqa: ARG002 - for those that can
        """See `OwnerDirectory`; nobody, of a back end whose configuration has no `owners_by_email`."""
        return None

    @abstractmethod
    async def field_problems(self) -> Sequence[str]:
        """What is wrong with the configured fields; nothing: they can be written.

        Raises:
            Retry, Unavailable: The CRM does not say.
        """

    @abstractmethod
    def _record(self, change: Contact | Bounce, version: float, owner: str | None = None) -> Record | None:
        """What to write, by the CRM's names and key; None: nothing of this change is for the CRM."""

    @abstractmethod
    async def _upsert(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        """Create or change the contacts in one request; see `bisection.Send`."""

    @abstractmethod
    async def _ids(self, records: Sequence[Record]) -> Mapping[str, str]:
        """The CRM's own ids of the contacts that are there, by the records' keys."""

    @abstractmethod
    async def _update(self, records: Sequence[Record], ids: Mapping[str, str]) -> Sequence[RecordVerdict]:
        """Change contacts by the CRM's ids in one request; see `bisection.Send`."""

    async def _change(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        """Change contacts that are there; those that are not are done."""
        return await self.for_known(records, self._update)

    async def for_known(self, records: Sequence[Record], send: SendKnown) -> Sequence[RecordVerdict]:
        """Send what is about contacts that are there; what is not is done."""
        return await self.sent_to(await self._ids(records), records, send)

    async def sent_to(
        self, ids: Mapping[str, str], records: Sequence[Record], send: SendKnown
    ) -> Sequence[RecordVerdict]:
        """Send what is about the contacts with these ids; what is not, and what says nothing, is done."""
        unknown = sum(record.key not in ids for record in records)
        if unknown:
            _log.info("crm.unknown", count=unknown)
        known = [record for record in records if record.key in ids and record.fields]
        verdicts = {} if not known else dict(zip(map(id, known), await send(known, ids), strict=True))
        return [verdicts.get(id(record)) for record in records]
