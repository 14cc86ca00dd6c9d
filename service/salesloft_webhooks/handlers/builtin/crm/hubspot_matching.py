"""Which of HubSpot's contacts is whom in SalesLoft.

A contact is looked up by ``batch/read``, which takes HubSpot's id, or a property with unique values: one of our own
with SalesLoft's id, or ``email``, by which HubSpot knows a contact's further addresses, too. Contacts that were merged
are answered as the one that is left, with the ids of the others in ``hs_merged_object_ids``.

Where contacts keep SalesLoft's id, a contact that has the id of one person is no other person's, whatever the address
says: two people who share an address would overwrite each other for ever. The first keeps it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm, MatchBy
from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.builtin.crm.hubspot_answers import raise_for, results_of
from salesloft_webhooks.handlers.builtin.crm.hubspot_api import HubSpotApi, listed
from salesloft_webhooks.handlers.builtin.crm.merging import Record

_ADDRESSES = ("email", "hs_additional_emails")
_MERGED = "hs_merged_object_ids"


@dataclass(frozen=True, slots=True)
class Known:
    """A contact that is there.

    Attributes:
        contact_id: HubSpot's.
        addresses: All of its addresses, in lower case.
        salesloft_id: Whose it is; empty: nobody's yet, or contacts keep no ids.
    """

    contact_id: str
    addresses: frozenset[str]
    salesloft_id: str


@dataclass(slots=True)
class Matches:
    """What a look-up has found.

    Attributes:
        known: The contact of a record, by its key.
        taken: Keys of records whose address is that of another contact -> whose that is; empty: nobody's.
    """

    known: dict[str, Known] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)


def ways_of(change: Contact | Bounce) -> dict[MatchBy, str]:
    """All that a person may be found by. HubSpot's ids are numbers: any other `crm_id` is of another CRM.

    An address that is stated to be empty is empty text; one of which the event says nothing is not there.
    """
    ways: dict[MatchBy, str] = {"salesloft_id": str(change.person_id)}
    crm_id = change.fields.get("crm_id") if isinstance(change, Contact) else None
    address = change.fields.get("email_address") if isinstance(change, Contact) else change.email_address
    if crm_id and crm_id.isascii() and crm_id.isdigit():
        ways["crm_id"] = crm_id
    if address or (isinstance(change, Contact) and "email_address" in change.fields):
        ways["email_address"] = (address or "").strip().lower()
    return ways


class HubSpotMatcher:
    """Finds contacts in the configured order.

    Attributes:
        keeps_ids: Whether contacts keep SalesLoft's id.
    """

    def __init__(self, configuration: HubSpotCrm, api: HubSpotApi, mapping: FieldMapping) -> None:
        self._order = configuration.match
        self._id_field = configuration.salesloft_id_field
        self._api, self._mapping = api, mapping
        self.keeps_ids = "salesloft_id" in self._order

    async def look(self, records: Sequence[Record]) -> Matches:
        """The contacts of at most a hundred records; one request for each way that is needed.

        Raises:
            Refused, Retry, Unavailable: HubSpot does not say.
        """
        matches = Matches()
        owners: dict[str, str] = {}
        for way in self._order:
            waiting = [record for record in records if record.key not in matches.known and record.ways.get(way)]
            there = await self._read(way, {record.ways[way] for record in waiting})
            for record in waiting:
                if (known := there.get(record.ways[way])) is None:
                    continue
                other = self._other_owner(known, record.ways["salesloft_id"], owners)
                if other is None:
                    matches.known[record.key] = known
                elif way == "email_address":
                    matches.taken[record.key] = other
        return matches

    async def with_others_address(self, records: Sequence[Record], matches: Matches) -> Mapping[str, str]:
        """The records whose address is that of another contact than theirs, and cannot be written; see `Matches`."""
        asked = [
            record
            for record in records
            if (address := record.ways.get("email_address"))
            and address not in (matches.known[record.key].addresses if record.key in matches.known else ())
            and (record.key in matches.known or "email_address" not in self._order)
        ]
        holders = await self._read("email_address", {record.ways["email_address"] for record in asked})
        found = {each.key: holders.get(each.ways["email_address"]) for each in asked}
        return matches.taken | {key: holder.salesloft_id for key, holder in found.items() if holder}

    async def lost(self, adopted: Mapping[str, Known]) -> set[str]:
        """Which of the people who were given a contact do not have it: another worker gave it to somebody else.

        Args:
            adopted: The contact of a person, by SalesLoft's id.

        Raises:
            Refused, Retry, Unavailable: HubSpot does not say.
        """
        there = await self._read("salesloft_id", adopted)
        return {key for key, known in adopted.items() if key not in there or there[key].contact_id != known.contact_id}

    async def bearers(self, contact_ids: Collection[str]) -> Mapping[str, str]:
        """Whose contacts are, by HubSpot's ids; empty: nobody's. Those that were merged away are not there.

        Raises:
            Refused, Retry, Unavailable: HubSpot does not say.
        """
        there = await self._read("crm_id", contact_ids)
        return {known.contact_id: known.salesloft_id for known in there.values()}

    def _other_owner(self, known: Known, person: str, owners: dict[str, str]) -> str | None:
        """The other person who has the contact, or was the first to get it in this look-up; None: there is none."""
        if not self.keeps_ids:
            return None
        owner = known.salesloft_id or owners.setdefault(known.contact_id, person)
        return None if owner == person else owner

    async def _read(self, way: MatchBy, values: Iterable[str]) -> Mapping[str, Known]:
        """The contacts with these values, by them."""
        wanted = sorted(set(values))
        if not wanted:
            return {}
        properties = {"salesloft_id": self._id_field, "email_address": "email"}
        body = {
            "properties": [*_ADDRESSES, _MERGED, *([self._id_field] if self.keeps_ids else ())],
            "propertiesWithHistory": [],
            "inputs": [{"id": value} for value in wanted],
            **({} if way == "crm_id" else {"idProperty": properties[way]}),
        }
        response = await self._api.post("contacts", "read", body)
        raise_for(response, self._mapping)
        found: dict[str, Known] = {}
        for each in results_of(response):
            if isinstance(each.get("id"), str):
                found |= dict.fromkeys(self._values_of(way, each), self._known(each))
        return found

    def _known(self, contact: Mapping[str, Any]) -> Known:
        own = _property(contact, self._id_field) if self.keeps_ids else None
        return Known(contact["id"], frozenset(_addresses(contact)), str(own or ""))

    def _values_of(self, way: MatchBy, contact: Mapping[str, Any]) -> Iterator[str]:
        """The values by which a contact may have been asked for."""
        match way:
            case "salesloft_id":
                yield str(_property(contact, self._id_field) or "")
            case "crm_id":
                yield contact["id"]
                yield from listed(_property(contact, _MERGED))
            case "email_address":
                yield from _addresses(contact)


def _property(contact: Mapping[str, Any], name: str) -> Any:
    properties = contact.get("properties")
    return properties.get(name) if isinstance(properties, dict) else None


def _addresses(contact: Mapping[str, Any]) -> Iterator[str]:
    """Every address of a contact, in lower case: the first, and those that were merged into it."""
    for name in _ADDRESSES:
        yield from listed(_property(contact, name))
