"""Contacts in Salesforce, by sObject Collections upsert: up to 200 records a request, keyed by an external id.

From Salesforce's documentation: ``PATCH /services/data/vNN.0/composite/sobjects/<sObject>/<external id field>`` with
``allOrNone`` false answers 200 and one result per record, in order. Tokens come from the OAuth client credentials
flow; an expired one is answered 401, upon which a new one is fetched and the request repeated, once. A spent API quota
is answered 403 with ``REQUEST_LIMIT_EXCEEDED``.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx2
import msgspec

from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.coalescing import Coalescer, Outcomes, isolate
from salesloft_webhooks.handlers.configuration import SalesforceCrm
from salesloft_webhooks.handlers.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.crm.fields import FieldMapping
from salesloft_webhooks.handlers.crm.records import Record, merged
from salesloft_webhooks.handlers.remote import CREDENTIALS_PAUSE_SECONDS, exchange, raise_for

RECORDS_PER_REQUEST = 200
QUOTA_PAUSE_SECONDS = 300.0
_TRANSIENT_CODES = frozenset(
    {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION"}
)


class _Token(msgspec.Struct):
    access_token: str
    instance_url: str


class SalesforceLogin:
    """Fetches tokens by the client credentials flow and keeps the latest."""

    def __init__(self, configuration: SalesforceCrm, client: httpx2.AsyncClient) -> None:
        self._url = f"{str(configuration.login_url).rstrip('/')}/services/oauth2/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": configuration.client_id.get_secret_value(),
            "client_secret": configuration.client_secret.get_secret_value(),
        }
        self._client = client
        self._seconds = configuration.timeout_seconds
        self._lock = asyncio.Lock()
        self._token: _Token | None = None

    async def token(self, *, instead_of: _Token | None = None) -> _Token:
        """A token other than ``instead_of``. Concurrent callers share one request.

        Raises:
            Unavailable: Salesforce gives none: unreachable, or our credentials are wrong.
        """
        async with self._lock:
            if self._token is None or self._token is instead_of:
                self._token = await self._fetch()
            return self._token

    async def _fetch(self) -> _Token:
        async with exchange("salesforce login", self._seconds):
            response = await self._client.post(self._url, data=self._form)
        if response.is_client_error:  # wrong credentials are answered 400: the operator's to mend, no event's fault
            raise Unavailable(f"salesforce login answered {response.status_code}", after=CREDENTIALS_PAUSE_SECONDS)
        raise_for("salesforce login", response)
        try:
            return msgspec.json.decode(response.content, type=_Token)
        except msgspec.DecodeError as exc:
            raise Retry("salesforce login: not the documented answer") from exc


class SalesforceContacts:
    """The `salesforce` back end."""

    def __init__(self, configuration: SalesforceCrm, client: httpx2.AsyncClient) -> None:
        self._login = SalesforceLogin(configuration, client)
        self._client = client
        self._seconds = configuration.timeout_seconds
        self._sobject = configuration.sobject
        self._external_id = configuration.external_id_field
        self._path = (
            f"/services/data/v{configuration.api_version}/composite/sobjects/{self._sobject}/{self._external_id}"
        )
        self._mapping = FieldMapping(
            configuration.fields, bounced=configuration.bounced_field, deleted=configuration.deleted_field
        )
        self._records: Coalescer[Record] = Coalescer(self._write, limit=RECORDS_PER_REQUEST)

    async def save(self, contact: Contact) -> None:
        """Upsert by the person's id; a deletion sets the configured field, or does nothing."""
        await self._upsert(contact, contact.updated_at.timestamp())

    async def mark_bounced(self, bounce: Bounce) -> None:
        """Write the address into the configured field, or do nothing."""
        await self._upsert(bounce, bounce.bounced_at.timestamp())

    async def _upsert(self, change: Contact | Bounce, version: float) -> None:
        if fields := self._mapping.of(change):
            await self._records.write(Record(str(change.person_id), version, fields))

    async def _write(self, records: Sequence[Record]) -> Outcomes:
        # Salesforce refuses both when a request names an external id twice.
        inputs, places = merged(records)
        outcomes = await isolate(self._send, inputs, (PermanentError,))
        return [outcomes[place] for place in places]

    async def _send(self, records: Sequence[Record]) -> Outcomes:
        body = {
            "allOrNone": False,
            "records": [
                {"attributes": {"type": self._sobject}, self._external_id: record.key, **record.fields}
                for record in records
            ],
        }
        token = await self._login.token()
        response = await self._patch(token, body)
        if response.status_code == httpx2.codes.UNAUTHORIZED:
            response = await self._patch(await self._login.token(instead_of=token), body)
        if response.status_code == httpx2.codes.FORBIDDEN and b"REQUEST_LIMIT_EXCEEDED" in response.content:
            raise Unavailable("salesforce: the quota is used up", after=QUOTA_PAUSE_SECONDS)
        raise_for("salesforce", response, credentials_heal=True)
        return _outcomes(response, len(records))

    async def _patch(self, token: _Token, body: dict[str, Any]) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token.access_token}"}
        async with exchange("salesforce", self._seconds):
            return await self._client.patch(f"{token.instance_url}{self._path}", json=body, headers=headers)


class _Error(msgspec.Struct, rename="camel"):
    status_code: str = "UNKNOWN"


class _Result(msgspec.Struct):
    success: bool
    errors: list[_Error] = []


def _outcomes(response: httpx2.Response, count: int) -> Outcomes:
    try:
        results = msgspec.json.decode(response.content, type=list[_Result])
    except msgspec.DecodeError as exc:
        raise Retry("salesforce: not the documented answer") from exc
    if len(results) != count:
        raise Retry("salesforce: not one result per record")
    return [None if result.success else _signal(result) for result in results]


def _signal(result: _Result) -> Retry | PermanentError:
    codes = sorted({error.status_code for error in result.errors})
    message = f"salesforce: {', '.join(codes) or 'refused'}"
    return Retry(message) if any(code in _TRANSIENT_CODES for code in codes) else PermanentError(message)
