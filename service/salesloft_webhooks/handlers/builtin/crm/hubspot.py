"""Contacts in HubSpot, with the e-mail address as the key.

People are saved by ``POST /crm/v3/objects/contacts/batch/upsert``: up to 100 inputs a request, ids unique within one. A
bounce or a deletion must not create anybody, so those contacts are looked up by ``batch/read`` and, if they are there,
changed by ``batch/update`` with HubSpot's own id: an address is no unique property to that endpoint ("Unable to perform
update/upsert by non-unique 0-1 property", github.com/HubSpot/hubspot-api-nodejs/issues/548). Which properties exist is
asked of ``GET /crm/v3/properties/contacts``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx2

from salesloft_webhooks.errors import Retry
from salesloft_webhooks.handlers.builtin.crm.activities import LoggedActivity
from salesloft_webhooks.handlers.builtin.crm.batched_contacts import BatchedContacts
from salesloft_webhooks.handlers.builtin.crm.bisection import RecordVerdict
from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.builtin.crm.field_values import as_text
from salesloft_webhooks.handlers.builtin.crm.hubspot_answers import body_of, objects, raise_for, verdicts
from salesloft_webhooks.handlers.builtin.crm.merging import Record, merged
from salesloft_webhooks.handlers.builtin.crm_configuration import HubSpotCrm
from salesloft_webhooks.handlers.builtin.salesloft_users import Users
from salesloft_webhooks.handlers.outbound.http_client import api_signal_for, exchange
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

INPUTS_PER_REQUEST = 100
_CONTACTS = "/crm/v3/objects/contacts/batch"
_PROPERTIES = "/crm/v3/properties/contacts"


class HubSpotContacts(BatchedContacts):
    """The `hubspot` back end."""

    def __init__(self, configuration: HubSpotCrm, client: httpx2.AsyncClient, users: Users | None = None) -> None:
        self._base = str(configuration.base_url).rstrip("/")
        self._headers = {"Authorization": f"Bearer {configuration.token.get_secret_value()}"}
        self._mapping = FieldMapping(
            configuration.fields,
            bounced=configuration.bounced_field,
            deleted=configuration.deleted_field,
            owner=configuration.owner_field,
        )
        self._client = client
        self._seconds = configuration.timeout_seconds
        super().__init__(configuration, limit=INPUTS_PER_REQUEST, users=users)

    async def log(self, activity: LoggedActivity) -> None:
        """Nothing: the configuration takes no `log`."""

    async def field_problems(self) -> Sequence[str]:
        """What is wrong with the configured properties; nothing: they can be written.

        Raises:
            Retry, Unavailable: HubSpot does not say.
        """
        async with exchange("hubspot", self._seconds):
            response = await self._client.get(f"{self._base}{_PROPERTIES}", headers=self._headers)
        if not response.is_success:
            raise api_signal_for("hubspot", response)
        known = {each["name"]: each for each in objects(body_of(response).get("results")) if "name" in each}
        if not known:
            raise Retry("hubspot: not the documented answer")
        return [problem for name in self._mapping.names for problem in _problems_of(name, known)]

    def _record(self, change: Contact | Bounce, version: float, owner: str | None = None) -> Record | None:
        address = change.email_address if isinstance(change, Bounce) else change.fields.get("email_address")
        if not address:
            # A person without an address is nothing unusual in SalesLoft, so no failure; HubSpot has no other key.
            _log.info("crm.unaddressed", person_id=change.person_id)
            return None
        return Record(address.lower(), version, self._mapping.of(change, owner))

    async def _post(self, verb: str, body: Mapping[str, Any]) -> httpx2.Response:
        async with exchange("hubspot", self._seconds):
            response = await self._client.post(f"{self._base}{_CONTACTS}/{verb}", json=body, headers=self._headers)
        raise_for(response, self._mapping)
        return response

    async def _upsert(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        keys = [{"idProperty": "email", "properties": {"email": record.key} | _texts(record)} for record in records]
        response = await self._post("upsert", {"inputs": _inputs(records, keys)})
        return verdicts(response, records, self._mapping)

    async def _update(self, records: Sequence[Record], ids: Mapping[str, str]) -> Sequence[RecordVerdict]:
        # Two addresses may have been merged into one contact, and a request must not name it twice.
        changes, positions = merged([Record(ids[each.key], each.version, each.fields) for each in records])
        response = await self._post(
            "update", {"inputs": _inputs(changes, [{"properties": _texts(c)} for c in changes])}
        )
        answered = verdicts(response, changes, self._mapping)
        return [answered[position] for position in positions]

    async def _ids(self, records: Sequence[Record]) -> Mapping[str, str]:
        """HubSpot's ids of the contacts that are there, by address."""
        body = {
            "idProperty": "email",
            "properties": ["email", "hs_additional_emails"],
            "inputs": [{"id": record.key} for record in records],
        }
        found = objects(body_of(await self._post("read", body)).get("results"))
        return {key: each["id"] for each in found if isinstance(each.get("id"), str) for key in _addresses(each)}


def _inputs(records: Sequence[Record], more: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Inputs of a batch, each with a trace by which its errors can be found."""
    return [
        {"id": record.key, "objectWriteTraceId": str(position), **each}
        for position, (record, each) in enumerate(zip(records, more, strict=True))
    ]


def _texts(record: Record) -> dict[str, str]:
    """Properties as HubSpot takes them: text only, booleans in lower case, and empty text to clear one."""
    return {name: as_text(value) for name, value in record.fields.items()}


def _addresses(contact: Mapping[str, Any]) -> Iterator[str]:
    """Every address of a contact, in lower case: the first, and those that were merged into it."""
    properties = contact.get("properties")
    if isinstance(properties, dict):
        for text in (properties.get("email"), properties.get("hs_additional_emails")):
            yield from (str(text).lower().split(";") if text else ())


def _problems_of(name: str, known: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if name not in known:
        yield f"property {name} does not exist"
    elif isinstance(metadata := known[name].get("modificationMetadata"), dict) and metadata.get("readOnlyValue"):
        yield f"property {name} is read-only"
