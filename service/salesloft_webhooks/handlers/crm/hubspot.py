"""Contacts in HubSpot, by ``POST /crm/v3/objects/contacts/batch/upsert`` with the e-mail address as the key.

From HubSpot's documentation: up to 100 inputs a request; ids must be unique within one; with an ``objectWriteTraceId``
per input a partial failure is answered 207, and each error names the traces it belongs to in its context; without that
one bad input fails the request with 400. A 429 says in ``policyName`` which limit was hit; 423 asks for some seconds of
patience, 477 (a migration) for the time in Retry-After.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import msgspec

from salesloft_webhooks.errors import HandlerSignal, PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.coalescing import Coalescer, Outcomes, isolate
from salesloft_webhooks.handlers.configuration import HubSpotCrm
from salesloft_webhooks.handlers.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.crm.fields import FieldMapping
from salesloft_webhooks.handlers.crm.records import Record, merged
from salesloft_webhooks.handlers.remote import exchange, raise_for, retry_after_seconds
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

INPUTS_PER_REQUEST = 100
DAILY_LIMIT_PAUSE_SECONDS = 900.0
_PERMANENT_CATEGORIES = frozenset({"VALIDATION_ERROR", "OBJECT_NOT_FOUND", "INVALID_EMAIL", "MISSING_REQUIRED_FIELD"})


class HubSpotContacts:
    """The `hubspot` back end."""

    def __init__(self, configuration: HubSpotCrm, client: httpx2.AsyncClient) -> None:
        self._url = f"{str(configuration.base_url).rstrip('/')}/crm/v3/objects/contacts/batch/upsert"
        self._headers = {"Authorization": f"Bearer {configuration.token.get_secret_value()}"}
        self._mapping = FieldMapping(
            configuration.fields, bounced=configuration.bounced_field, deleted=configuration.deleted_field
        )
        self._client = client
        self._seconds = configuration.timeout_seconds
        self._records: Coalescer[Record] = Coalescer(self._write, limit=INPUTS_PER_REQUEST)

    async def save(self, contact: Contact) -> None:
        """Upsert by the address; a deletion sets the configured property, or does nothing."""
        await self._upsert(contact, contact.fields.get("email_address"), contact.updated_at.timestamp())

    async def mark_bounced(self, bounce: Bounce) -> None:
        """Write the address into the configured property, or do nothing."""
        await self._upsert(bounce, bounce.email_address, bounce.bounced_at.timestamp())

    async def _upsert(self, change: Contact | Bounce, email_address: str | None, version: float) -> None:
        if not email_address:
            # A person without an address is nothing unusual in SalesLoft, so no failure; HubSpot has no other key.
            _log.info("crm.unaddressed", person_id=change.person_id)
            return
        if (fields := self._mapping.of(change)) or (isinstance(change, Contact) and not change.deleted):
            await self._records.write(Record(email_address.lower(), version, fields))

    async def _write(self, records: Sequence[Record]) -> Outcomes:
        # HubSpot refuses a request that names an address twice.
        inputs, places = merged(records)
        outcomes = await isolate(self._send, inputs, (PermanentError,))
        return [outcomes[place] for place in places]

    async def _send(self, records: Sequence[Record]) -> Outcomes:
        inputs = [
            {
                "id": record.key,
                "idProperty": "email",
                "objectWriteTraceId": str(number),
                "properties": {"email": record.key, **{name: _text(value) for name, value in record.fields.items()}},
            }
            for number, record in enumerate(records)
        ]
        async with exchange("hubspot", self._seconds):
            response = await self._client.post(self._url, json={"inputs": inputs}, headers=self._headers)
        _raise_for(response)
        return _outcomes(response, len(records))


def _text(value: Any) -> str:
    """A property's value: HubSpot takes text only, and booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _raise_for(response: httpx2.Response) -> None:
    status, after = response.status_code, retry_after_seconds(response)
    if status == httpx2.codes.TOO_MANY_REQUESTS and after is None and _body(response).get("policyName") == "DAILY":
        raise Unavailable("hubspot: the daily limit is used up", after=DAILY_LIMIT_PAUSE_SECONDS)
    if status == 477:
        raise Unavailable("hubspot answered 477", after=60.0 if after is None else after)
    raise_for("hubspot", response, credentials_heal=True)


def _body(response: httpx2.Response) -> Mapping[str, Any]:
    """The answer's JSON object; empty if it is none."""
    try:
        body = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _outcomes(response: httpx2.Response, count: int) -> Outcomes:
    """What became of each input of an answered request. All fields of an error are optional by documentation."""
    body = _body(response)
    if response.status_code != httpx2.codes.MULTI_STATUS:
        if body.get("status") != "COMPLETE":
            raise Retry("hubspot: an answer that does not say it is complete")
        return [None] * count
    outcomes: list[HandlerSignal | None] = [Retry("hubspot: nothing was said about this contact")] * count
    for result in body.get("results") or ():
        for number in _traces([result.get("objectWriteTraceId")], count):
            outcomes[number] = None
    for error in body.get("errors") or ():
        category = str(error.get("category"))
        kind = PermanentError if category in _PERMANENT_CATEGORIES else Retry
        for number in _traces((error.get("context") or {}).get("objectWriteTraceId") or (), count):
            outcomes[number] = kind(f"hubspot: {category}")
    return outcomes


def _traces(values: Sequence[Any], count: int) -> list[int]:
    return [int(value) for value in values if isinstance(value, str) and value.isdigit() and int(value) < count]
