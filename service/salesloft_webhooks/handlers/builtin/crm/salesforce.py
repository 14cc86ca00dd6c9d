"""Contacts in Salesforce, keyed by an external id, up to 200 records a request.

People are saved by sObject Collections upsert, ``PATCH /services/data/vNN.0/composite/sobjects/<sObject>/<external id
field>``. A bounce or a deletion must not create anybody (nor fail for want of a last name), so those records are looked
up by a query for the external id and, if they are there, changed by sObject Collections update, ``PATCH
/services/data/vNN.0/composite/sobjects`` ("Update Records Using sObject Collections", REST API Developer Guide). Which
fields exist is asked of ``GET .../sobjects/<sObject>/describe``. A duplicate rule that only warns can be overruled by
``Sforce-Duplicate-Rule-Header: allowSave=true`` ("Duplicate Rule Header").
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx2
import msgspec

from salesloft_webhooks.errors import Retry
from salesloft_webhooks.handlers.builtin.configuration.crm import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.batched_contacts import BatchedContacts
from salesloft_webhooks.handlers.builtin.crm.bisection import RecordVerdict, Refused
from salesloft_webhooks.handlers.builtin.crm.contacts import Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.builtin.crm.field_values import as_json
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity
from salesloft_webhooks.handlers.builtin.crm.merging import Record
from salesloft_webhooks.handlers.builtin.crm.salesforce_answers import Reader, expired, fields_of
from salesloft_webhooks.handlers.builtin.crm.salesforce_login import SalesforceLogin
from salesloft_webhooks.handlers.outbound.http_client import exchange
from salesloft_webhooks.handlers.outbound.salesloft_users import Users
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

RECORDS_PER_REQUEST = 200


class _Page(msgspec.Struct):
    records: list[dict[str, Any]]


class SalesforceContacts(BatchedContacts):
    """The `salesforce` back end."""

    def __init__(self, configuration: SalesforceCrm, client: httpx2.AsyncClient, users: Users | None = None) -> None:
        self._login = SalesforceLogin(configuration, client)
        self._client = client
        self._seconds = configuration.timeout_seconds
        self._sobject = configuration.sobject
        self._external_id = configuration.external_id_field
        self._base = f"/services/data/v{configuration.api_version}"
        self._mapping = FieldMapping(
            configuration.fields,
            bounced=configuration.bounced_field,
            deleted=configuration.deleted_field,
            owner=configuration.owner_field,
        )
        self._reader = Reader(self._mapping, configuration.on_duplicate)
        saving = configuration.on_duplicate == "save"
        self._headers = {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if saving else {}
        super().__init__(configuration, limit=RECORDS_PER_REQUEST, users=users)

    async def log(self, activity: LoggedActivity) -> None:
        """Nothing: the configuration takes no `log`."""

    async def field_problems(self) -> Sequence[str]:
        """What is wrong with the configured object and fields; nothing: they can be written.

        Raises:
            Retry, Unavailable: Salesforce does not say.
        """
        response = await self._request("GET", f"/sobjects/{self._sobject}/describe")
        if response.status_code in (httpx2.codes.NOT_FOUND, httpx2.codes.GONE):
            return [f"answered {response.status_code}: crm.sobject or crm.api_version is wrong"]
        try:
            self._reader.raise_for(response)
        except Refused as refusal:
            raise Retry(str(refusal)) from refusal
        if not (known := fields_of(response)):
            raise Retry("salesforce: not the documented answer")
        names = (self._external_id, *self._mapping.names)
        return [problem for name in names for problem in self._problems_of(name, known)]

    def _problems_of(self, name: str, known: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
        if name not in known:
            yield f"field {name} does not exist, or our user may not see it"
        elif known[name].get("updateable") is False:
            yield f"field {name} may not be written by our user"
        elif name == self._external_id and known[name].get("externalId") is False:
            yield f"field {name} is not marked as an external id"

    def _record(self, change: Contact | Bounce, version: float, owner: str | None = None) -> Record | None:
        fields = self._mapping.of(change, owner)
        return Record(str(change.person_id), version, fields) if fields else None

    async def _request(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """One request, with a token; an expired one is renewed and the request repeated, once."""
        token = await self._login.token()
        for again in (True, False):
            headers = {"Authorization": f"Bearer {token.access_token}", **self._headers}
            async with exchange("salesforce", self._seconds):
                response = await self._client.request(
                    method, f"{token.instance_url}{self._base}{path}", headers=headers, **more
                )
            if not (again and expired(response)):
                break
            token = await self._login.token(instead_of=token)
        return response

    async def _upsert(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        keys = [{self._external_id: record.key} for record in records]
        return await self._patch(f"/composite/sobjects/{self._sobject}/{self._external_id}", records, keys)

    async def _update(self, records: Sequence[Record], ids: Mapping[str, str]) -> Sequence[RecordVerdict]:
        return await self._patch("/composite/sobjects", records, [{"id": ids[record.key]} for record in records])

    async def _ids(self, records: Sequence[Record]) -> Mapping[str, str]:
        """Salesforce's ids of the records that are there, by the person's id."""
        keys = ", ".join(f"'{record.key}'" for record in records)  # numbers: nothing to escape
        # The names are checked by the configuration: letters, digits and underscores.
        query = f"SELECT Id, {self._external_id} FROM {self._sobject} WHERE {self._external_id} IN ({keys})"  # noqa: S608
        response = await self._request("GET", "/query", params={"q": query})
        self._reader.raise_for(response)
        try:
            page = msgspec.json.decode(response.content, type=_Page)
        except msgspec.DecodeError as exc:
            raise Retry("salesforce: not the documented answer") from exc
        return {str(each.get(self._external_id)): str(each["Id"]) for each in page.records if "Id" in each}

    async def _patch(
        self, path: str, records: Sequence[Record], keys: Sequence[Mapping[str, str]]
    ) -> Sequence[RecordVerdict]:
        body = {
            "allOrNone": False,
            "records": [
                {"attributes": {"type": self._sobject}, **key, **_json(record)}
                for record, key in zip(records, keys, strict=True)
            ],
        }
        response = await self._request("PATCH", path, json=body)
        self._reader.raise_for(response)
        return self._reader.verdicts(response, len(records))


def _json(record: Record) -> dict[str, Any]:
    """Fields as Salesforce takes them; null empties one."""
    return {name: as_json(value) for name, value in record.fields.items()}
