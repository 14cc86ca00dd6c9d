"""Contacts and engagements in HubSpot.

Where people are matched by their address alone (the default), they are saved by ``batch/upsert`` with ``email`` as the
id: one request, but a person whose address changes becomes a second contact, and HubSpot does not support partial
upserts that way ("Partial upserts are not supported when using `email` as the `idProperty` for contacts. To complete a
partial upsert, use a custom unique identifier property", guide to contacts). In any other order contacts are looked up
first: one that is there is changed by HubSpot's id (``batch/update``), gets SalesLoft's id, and the address that the
person has now; one that is not is made by ``batch/upsert`` with SalesLoft's id as the id, which makes one however often
it is sent. Whoever wants an address that another person's contact has is tried again: that person may leave it.

A bounce or a deletion must not create anybody, so those contacts are looked up in any case: an address is no unique
property to ``batch/update`` ("Unable to perform update/upsert by non-unique 0-1 property",
github.com/HubSpot/hubspot-api-nodejs/issues/548).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import httpx2

from salesloft_webhooks.broker.adoptions import Adoptions
from salesloft_webhooks.handlers.batching import Batcher
from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
from salesloft_webhooks.handlers.builtin.crm.adopting import Adopter
from salesloft_webhooks.handlers.builtin.crm.batched_contacts import BatchedContacts
from salesloft_webhooks.handlers.builtin.crm.bisection import RecordVerdict, Refused
from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.builtin.crm.hubspot_answers import raise_for, verdicts
from salesloft_webhooks.handlers.builtin.crm.hubspot_api import (
    INPUTS_PER_REQUEST,
    HubSpotApi,
    id_problems,
    inputs,
    problems_of,
)
from salesloft_webhooks.handlers.builtin.crm.hubspot_engagements import (
    ENGAGEMENTS,
    Engagement,
    EngagementWriter,
    engagements_of,
    properties_of,
)
from salesloft_webhooks.handlers.builtin.crm.hubspot_matching import HubSpotMatcher, Known, ways_of
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity
from salesloft_webhooks.handlers.builtin.crm.merging import Record, first_of_each_address, merged, with_fields, without
from salesloft_webhooks.handlers.outbound.salesloft_users import Users
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

WRITES = 3  # requests as slow as they may be for which there is time to write: it is one
ENGAGEMENT_OWNER = "hubspot_owner_id"
_GIVEN_AWAY = "hubspot: the contact is being given to another person of SalesLoft's"


class HubSpotContacts(BatchedContacts):
    """The `hubspot` back end."""

    def __init__(
        self,
        configuration: HubSpotCrm,
        client: httpx2.AsyncClient,
        users: Users | None = None,
        adoptions: Adoptions | None = None,
    ) -> None:
        self._configuration, self._id_field = configuration, configuration.salesloft_id_field
        self._adopter = Adopter(adoptions, WRITES * configuration.timeout_seconds, _GIVEN_AWAY)
        self._api = HubSpotApi(configuration, client)
        self._mapping = FieldMapping(
            configuration.fields,
            bounced=configuration.bounced_field,
            deleted=configuration.deleted_field,
            owner=configuration.owner_field,
        )
        self._matcher = HubSpotMatcher(configuration, self._api, self._mapping)
        self._by_address_alone = configuration.match == ("email_address",)
        super().__init__(configuration, limit=INPUTS_PER_REQUEST, users=users)
        self._to_log = {each: self._batcher_of(each) for each in engagements_of(configuration)}

    def _batcher_of(self, engagement: Engagement) -> Batcher[Record]:
        engagements = EngagementWriter(engagement, self._configuration.activity_id_field, self._api, self._mapping)
        return self.batcher(partial(self._log_all, engagements))

    async def log(self, activity: LoggedActivity) -> None:
        """Make the engagement, or, of a meeting, bring it to this version; of somebody unknown, do nothing."""
        fields = properties_of(activity)
        if owner := await self.owner_id(activity.user_id):
            fields[ENGAGEMENT_OWNER] = owner
        ways = ways_of(Bounce(activity.person_id, activity.email_address, activity.version, activity.idempotency_key))
        record = Record(activity.activity_id, activity.version.timestamp(), fields, ways)
        await self._to_log[ENGAGEMENTS[activity.kind]].write(record)

    async def owner_of(self, email_address: str) -> str | None:
        """See `OwnerDirectory`."""
        return await self._api.owner_of(email_address)

    async def field_problems(self) -> Sequence[str]:
        """What is wrong with the configured properties; nothing: they can be written.

        Raises:
            Retry, Unavailable: HubSpot does not say.
        """
        known = await self._api.properties("contacts")
        problems = [problem for name in self._mapping.names for problem in problems_of(name, known)]
        if self._matcher.keeps_ids:
            problems += id_problems(self._id_field, known, "contacts")
        for engagement in self._to_log:
            known = await self._api.properties(engagement.objects)
            problems += id_problems(self._configuration.activity_id_field, known, engagement.objects)
        if self._configuration.owners_by_email and not problems:
            await self._api.check_owners()
        return problems

    def _record(self, change: Contact | Bounce, version: float, owner: str | None = None) -> Record | None:
        ways = ways_of(change)
        if not any(ways.get(way) for way in self._configuration.match):
            # A person without an address is nothing unusual in SalesLoft, so no failure; HubSpot has no other key.
            _log.info("crm.unaddressed", person_id=change.person_id)
            return None
        key = ways["email_address"] if self._by_address_alone else str(change.person_id)
        fields = self._mapping.of(change, owner)
        if self._matcher.keeps_ids and isinstance(change, Contact) and change.deleted:
            # Whoever is imported again has another id in SalesLoft, and must find their contact free.
            fields[self._id_field] = None
        return Record(key, version, fields, ways)

    async def _upsert(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        if self._by_address_alone:
            return await self._upserted([with_fields(each, email=each.key) for each in records], "email")
        matches = await self._matcher.look(records)
        taken = await self._matcher.with_others_address(records, matches)
        found: dict[str, RecordVerdict] = dict(await self._refused(matches.known))
        known = [
            self._adopting(each, matches.known[each.key].addresses if each.key not in taken else None)
            for each in records
            if each.key in matches.known and each.key not in found
        ]
        if known:
            ids = {key: each.contact_id for key, each in matches.known.items()}
            found |= _by_key(known, await self._update(known, ids))
            found |= await self._lost({key: each for key, each in matches.known.items() if found[key] is None})
        missing = [each for each in records if each.key not in matches.known and each.key not in taken]
        new, doubled = first_of_each_address(missing)
        if new := [self._adopting(each, ()) for each in self._creatable(new)]:
            found |= _by_key(new, await self._created(new))
        return self._waiting(records, found, {**taken, **doubled})

    async def _refused(self, known: Mapping[str, Known]) -> Mapping[str, RecordVerdict]:
        """Verdicts on those whose contact is nobody's yet, and must not be given to them now."""
        free = {each.contact_id: key for key, each in self._free(known).items()}
        refused = await self._adopter.refusals(free, self._matcher.bearers)
        return {free[own]: each for own, each in refused.items()}

    async def _lost(self, written: Mapping[str, Known]) -> Mapping[str, RecordVerdict]:
        """Verdicts on those who have not got the contact after all: somebody knew nothing of our claim."""
        adopted = self._free(written)
        lost = await self._matcher.lost(adopted) if adopted else ()
        return {key: Refused(_GIVEN_AWAY, waits=True) for key in lost}

    def _free(self, known: Mapping[str, Known]) -> Mapping[str, Known]:
        """Those whose contact was nobody's, by SalesLoft's id; none where contacts keep no ids."""
        return {key: each for key, each in known.items() if self._matcher.keeps_ids and not each.salesloft_id}

    def _waiting(
        self, records: Sequence[Record], found: Mapping[str, RecordVerdict], taken: Mapping[str, str]
    ) -> Sequence[RecordVerdict]:
        """Whose address another person has is not done: that person may be about to leave it."""
        if taken:
            people = sorted(int(each.ways["salesloft_id"]) for each in records if each.key in taken)
            _log.warning("crm.address_taken", count=len(people), person_ids=people)
        return [
            Refused(f"hubspot: the contact of person {taken[each.key]} of SalesLoft's has that address", waits=True)
            if taken.get(each.key) and found.get(each.key) is None
            else found.get(each.key)
            for each in records
        ]

    def _adopting(self, record: Record, addresses: Collection[str] | None) -> Record:
        """With what makes a contact the person's: SalesLoft's id, and an address that is not among the contact's.

        Args:
            record: The change.
            addresses: The contact's; None: the person's cannot be written.
        """
        more = {}
        address = record.ways.get("email_address")
        if address and addresses is not None and address not in addresses:
            more["email"] = address
        if self._matcher.keeps_ids:
            more[self._id_field] = record.ways["salesloft_id"]
        return with_fields(record, **more)

    def _creatable(self, records: Sequence[Record]) -> Iterator[Record]:
        """Those of whom enough is known: an address or, where contacts keep ids, that there is none.

        An event that says nothing of the address may be about somebody whose contact only the address would find.
        """
        for record in records:
            address = record.ways.get("email_address")
            if address or (self._matcher.keeps_ids and address is not None):
                yield record
            else:
                _log.info("crm.unaddressed", person_id=int(record.ways["salesloft_id"]))

    async def _created(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        if self._matcher.keeps_ids:
            return await self._upserted(records, self._id_field)
        made = [with_fields(record, email=record.ways["email_address"]) for record in records]
        response = await self._post("create", inputs(made, [{"associations": []}] * len(made)))
        by_address = [Record(each.ways["email_address"], each.version, each.fields) for each in made]
        return verdicts(response, by_address, self._mapping)

    async def _upserted(self, records: Sequence[Record], id_property: str) -> Sequence[RecordVerdict]:
        more = [{"id": record.key, "idProperty": id_property} for record in records]
        response = await self._post("upsert", inputs(records, more))
        return verdicts(response, records, self._mapping, keyed_by=id_property)

    async def _update(self, records: Sequence[Record], ids: Mapping[str, str]) -> Sequence[RecordVerdict]:
        # Two addresses may have been merged into one contact, and a request must not name it twice.
        changes, positions = merged([Record(ids[each.key], each.version, each.fields) for each in records])
        response = await self._post("update", inputs(changes, [{"id": change.key} for change in changes]))
        answered = verdicts(response, changes, self._mapping, keyed_by=None)
        return [answered[position] for position in positions]

    async def _change(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        """As the base's, but the id of a contact without one stays: another worker may be giving it away."""
        known = (await self._matcher.look(records)).known
        ids, free = {key: each.contact_id for key, each in known.items()}, self._free(known)
        return await self.sent_to(
            ids, [without(r, self._id_field) if r.key in free else r for r in records], self._update
        )

    async def _ids(self, records: Sequence[Record]) -> Mapping[str, str]:
        return {key: known.contact_id for key, known in (await self._matcher.look(records)).known.items()}

    async def _log_all(self, engagements: EngagementWriter, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        return await self.for_known(records, engagements.write)

    async def _post(self, verb: str, body: Mapping[str, Any]) -> httpx2.Response:
        response = await self._api.post("contacts", verb, body)
        raise_for(response, self._mapping)
        return response


def _by_key(records: Sequence[Record], found: Sequence[RecordVerdict]) -> dict[str, RecordVerdict]:
    return {record.key: verdict for record, verdict in zip(records, found, strict=True)}
