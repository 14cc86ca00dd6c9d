"""Contacts and Leads in Salesforce, up to 200 records a request.

One object, found by the external id alone, is saved by sObject Collections upsert: one request for a batch. Otherwise
people are looked up first (`salesforce_matching`), then changed by their record ids, or made by an upsert, so that a
request that is repeated makes nobody twice: two requests for a batch whose people are known by their external ids. A
bounce or a deletion changes who is there and makes nobody. A duplicate rule that only warns can be overruled by
``Sforce-Duplicate-Rule-Header: allowSave=true`` ("Duplicate Rule Header", REST API Developer Guide). A field is emptied
by null: ``fieldsToNull`` is of the SOAP API.
"""

from collections.abc import Iterator, Mapping, Sequence

import httpx2

from salesloft_webhooks.broker.adoptions import Adoptions
from salesloft_webhooks.errors import PermanentError, Retry
from salesloft_webhooks.handlers.builtin.configuration.crm import MatchBy
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.adopting import Adopter
from salesloft_webhooks.handlers.builtin.crm.batched_contacts import BatchedContacts
from salesloft_webhooks.handlers.builtin.crm.bisection import RecordVerdict, Refused
from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.builtin.crm.field_values import Value, as_json
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity
from salesloft_webhooks.handlers.builtin.crm.merging import Record, without
from salesloft_webhooks.handlers.builtin.crm.salesforce_activities import SalesforceActivities
from salesloft_webhooks.handlers.builtin.crm.salesforce_answers import Reader
from salesloft_webhooks.handlers.builtin.crm.salesforce_collections import (
    RECORDS_PER_REQUEST,
    Write,
    updated,
    upserted,
    write,
)
from salesloft_webhooks.handlers.builtin.crm.salesforce_fields import problems_of_fields
from salesloft_webhooks.handlers.builtin.crm.salesforce_findings import Finding, SalesforceRecord, Sought
from salesloft_webhooks.handlers.builtin.crm.salesforce_matching import Matcher
from salesloft_webhooks.handlers.builtin.crm.salesforce_session import SalesforceSession
from salesloft_webhooks.handlers.builtin.crm.salesforce_soql import CONTACT, statements
from salesloft_webhooks.handlers.outbound.salesloft_users import Users
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

WRITES = 7
"""Requests as slow as they may be that a write comes to: a login between two tries, and each object's updates and
upserts by themselves where a text is not for a Composite (`salesforce_collections`)."""
_GIVEN_AWAY = "salesforce: the record is being given to another person of SalesLoft's"


class SalesforceContacts(BatchedContacts):
    """The `salesforce` back end.

    Fields of its records are named ``<sObject>.<field>``, for each of the objects: which one a person is shows last.
    """

    def __init__(
        self,
        configuration: SalesforceCrm,
        client: httpx2.AsyncClient,
        users: Users | None = None,
        adoptions: Adoptions | None = None,
    ) -> None:
        self._configuration = configuration
        self._adopter = Adopter(adoptions, WRITES * configuration.timeout_seconds, _GIVEN_AWAY)
        self._external_id = configuration.external_id_field
        self._mappings = {each: _mapping_of(configuration, each) for each in configuration.sobjects}
        self._reader = Reader(
            *self._mappings.values(),
            on_duplicate=configuration.on_duplicate,
            external_id=self._external_id,
            activity_id=configuration.activity_id_field,
        )
        self._session = SalesforceSession(configuration, client, self._reader)
        self._matcher = Matcher(configuration, self._session)
        super().__init__(configuration, limit=RECORDS_PER_REQUEST, users=users)
        self._activities = SalesforceActivities(configuration, self._session, self._reader, self._matcher)
        self._to_log = self.batcher(self._activities.send)

    async def log(self, activity: LoggedActivity) -> None:
        """Log the activity beside its Contact or Lead; of somebody who is not there, do nothing."""
        await self._to_log.write(self._activities.record(activity, await self.owner_id(activity.user_id)))

    async def owner_of(self, email_address: str) -> str | None:
        """The active user with the address, if there is exactly one; several are nobody."""
        where = "IsActive = true AND UserType = 'Standard' AND Email"
        asked = [*statements("SELECT Id FROM User", where, [email_address])]
        try:
            rows = [row for found in await self._session.rows(asked) for row in found]
        except Refused as refusal:
            raise Retry(str(refusal)) from refusal
        return str(rows[0]["Id"]) if len(rows) == 1 and "Id" in rows[0] else None

    async def field_problems(self) -> Sequence[str]:
        """What is wrong with the configured objects and fields; nothing: they can be written.

        Raises:
            Retry, Unavailable: Salesforce does not say.
        """
        problems = list[str]()
        for sobject, mapping in self._mappings.items():
            response = await self._session.described(sobject)
            if response.status_code in (httpx2.codes.NOT_FOUND, httpx2.codes.GONE):
                return [f"answered {response.status_code}: crm.sobject or crm.api_version is wrong"]
            try:
                known = self._session.fields_in(response)
            except Refused as refusal:
                raise Retry(str(refusal)) from refusal
            found = problems_of_fields(
                known,
                mapping.names,
                self._configuration.fields_of(sobject).values(),
                external_id=self._external_id,
                unique=self._configuration.looks_up,
            )
            problems += [f"{sobject}: {each}" if len(self._mappings) > 1 else each for each in found]
        return [*problems, *await self._activities.field_problems()]

    def _record(self, change: Contact | Bounce, version: float, owner: str | None = None) -> Record | None:
        fields: dict[str, Value | None] = {
            f"{sobject}.{name}": as_json(value)
            for sobject, mapping in self._mappings.items()
            for name, value in mapping.of(change, owner).items()
        }
        if not isinstance(change, Bounce) and change.deleted and len(self._configuration.match) > 1:
            # Imported anew they have another id of SalesLoft's, and would find a record that is taken.
            fields |= {f"{sobject}.{self._external_id}": None for sobject in self._mappings}
        if not fields:
            return None
        return Record(str(change.person_id), version, fields, dict(_ways(change)))

    async def _upsert(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        findings = await self._find(records) if self._configuration.looks_up else {}
        refused = await self._refused(findings)
        planned = [
            refused.get(record.key) or self._planned(record, findings.get(record.key, Finding())) for record in records
        ]
        return await write(self._session, self._reader, planned)

    async def _refused(self, findings: Mapping[str, Finding]) -> Mapping[str, Refused]:
        """Verdicts on those whose record is nobody's yet, and must not be given to them now."""
        found = {key: each.record for key, each in findings.items() if each.record and not each.problem}
        free = {record.id: key for key, record in found.items() if not record.person_id}
        refused = await self._adopter.refusals(free, self._matcher.bearers)
        return {free[own]: each for own, each in refused.items()}

    async def _there(self, records: Sequence[Record]) -> Mapping[str, SalesforceRecord]:
        findings = await self._find(records)
        return {key: each.record for key, each in findings.items() if each.record and not each.problem}

    async def _change(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        """As the base's, but the id of a record without one stays: another worker may be giving it away."""
        found = await self._there(records)
        kept = [
            without(record, f"{there.sobject}.{self._external_id}")
            if (there := found.get(record.key)) and not there.person_id
            else record
            for record in records
        ]
        return await self.sent_to(_paths(found), kept, self._update)

    async def _ids(self, records: Sequence[Record]) -> Mapping[str, str]:
        return _paths(await self._there(records))

    async def _update(self, records: Sequence[Record], ids: Mapping[str, str]) -> Sequence[RecordVerdict]:
        planned = [self._changed(record, *ids[record.key].split("/")) for record in records]
        return await write(self._session, self._reader, planned)

    def _changed(self, record: Record, sobject: str, own: str) -> Write:
        return updated(sobject, own, _fields_of(record, sobject))

    def _planned(self, record: Record, finding: Finding) -> Write | RecordVerdict:
        """What saving somebody comes to. Whose address is not stated may be there by it: nobody is made of them."""
        if finding.problem:
            return PermanentError(f"salesforce: {finding.problem}")
        if finding.record is not None:
            return self._updated(record, finding.record)
        if "email_address" in self._configuration.match and "email_address" not in record.ways:
            _log.info("crm.unaddressed", person_id=int(record.key))
            return None
        sobject = self._configuration.creates
        if finding.converted:
            if CONTACT not in self._mappings:
                _log.info("crm.converted", person_id=int(record.key))
                return None
            sobject = CONTACT  # an upsert of the Lead would find the one that is converted
        values = {self._external_id: record.key, **_fields_of(record, sobject)}
        return upserted(sobject, self._external_id, values)

    def _updated(self, record: Record, found: SalesforceRecord) -> Write:
        """Who was found by something else gets our id, so that nothing but it is needed from then on."""
        adopting = {} if found.person_id else {self._external_id: record.key}
        return updated(found.sobject, found.id, {**adopting, **_fields_of(record, found.sobject)})

    async def _find(self, records: Sequence[Record]) -> Mapping[str, Finding]:
        return await self._matcher.find([Sought(record.key, record.ways) for record in records])


def _mapping_of(configuration: SalesforceCrm, sobject: str) -> FieldMapping:
    return FieldMapping(
        configuration.fields_of(sobject),
        bounced=configuration.bounced_field,
        deleted=configuration.deleted_field,
        owner=configuration.owner_field,
    )


def _ways(change: Contact | Bounce) -> Iterator[tuple[MatchBy, str]]:
    """What the change says of each way; empty: they have no such thing, which is not the same as saying nothing."""
    if isinstance(change, Bounce):
        if change.email_address:
            yield "email_address", change.email_address
        return
    ways: tuple[MatchBy, ...] = ("crm_id", "email_address")
    yield from ((way, change.fields[way] or "") for way in ways if way in change.fields)


def _paths(found: Mapping[str, SalesforceRecord]) -> Mapping[str, str]:
    """``<sObject>/<id>`` of those who are there, by the person's id."""
    return {key: f"{record.sobject}/{record.id}" for key, record in found.items()}


def _fields_of(record: Record, sobject: str) -> dict[str, object]:
    start = f"{sobject}."
    return {name.removeprefix(start): value for name, value in record.fields.items() if name.startswith(start)}
