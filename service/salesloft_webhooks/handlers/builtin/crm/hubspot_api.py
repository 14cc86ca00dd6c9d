"""HubSpot's API under one of its dated versions, as far as it is used here.

Since 2026-03 the version stands behind the name of the API (``/crm/objects/2026-09/contacts``); those that begin with a
``v`` end in September 2027 ("Migration guide", developers.hubspot.com/docs/api-reference/legacy/migration-guide). The
paths, and what the bodies are made of, are those of HubSpot's published descriptions
(github.com/HubSpot/HubSpot-public-api-spec-collection: Contacts, Calls, Properties, Crm Owners, all of 2026-09).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx2

from salesloft_webhooks.errors import Retry
from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
from salesloft_webhooks.handlers.builtin.crm.field_values import as_text
from salesloft_webhooks.handlers.builtin.crm.hubspot_answers import body_of, number_of, objects, pause_of
from salesloft_webhooks.handlers.builtin.crm.merging import Record
from salesloft_webhooks.handlers.outbound.http_client import api_signal_for, exchange
from salesloft_webhooks.telemetry import CrmQuota

INPUTS_PER_REQUEST = 100
"""Of a batch ("Batch operations are limited to 100 records at a time", guide to contacts)."""


class HubSpotApi:
    """Requests to one account."""

    def __init__(self, configuration: HubSpotCrm, client: httpx2.AsyncClient) -> None:
        self._quota = CrmQuota("hubspot", configuration.quota_warning)
        self._base = str(configuration.base_url).rstrip("/")
        self._version = configuration.api_version
        self._headers = {"Authorization": f"Bearer {configuration.token.get_secret_value()}"}
        self._client = client
        self._seconds = configuration.timeout_seconds

    async def post(self, kind: str, verb: str, body: Mapping[str, Any]) -> httpx2.Response:
        """The answer, whatever it is, to a batch of one kind of object: ``contacts``, ``calls``, ...

        Raises:
            Retry, Unavailable: There is none.
        """
        url = f"{self._base}/crm/objects/{self._version}/{kind}/batch/{verb}"
        async with exchange("hubspot", self._seconds):
            response = await self._client.post(url, json=body, headers=self._headers)
        self._watch_quota(response)
        return response

    async def properties(self, kind: str) -> Mapping[str, Mapping[str, Any]]:
        """The properties of one kind of object, by name.

        Raises:
            Retry, Unavailable: HubSpot does not say.
        """
        body = await self._get(f"/crm/properties/{self._version}/{kind}")
        known = {each["name"]: each for each in objects(body.get("results")) if isinstance(each.get("name"), str)}
        if not known:
            raise Retry("hubspot: not the documented answer")
        return known

    async def owner_of(self, email_address: str) -> str | None:
        """The id of the owner with that address who is active; None: there is nobody.

        Raises:
            Retry, Unavailable: HubSpot does not say.
        """
        body = await self._get(f"/crm/owners/{self._version}", email=email_address, limit="100")
        if not isinstance(body.get("results"), list):
            raise Retry("hubspot: not the documented answer")
        for owner in objects(body["results"]):
            same = str(owner.get("email")).lower() == email_address.lower()
            if same and owner.get("archived") is not True and isinstance(owner.get("id"), str):
                return str(owner["id"])
        return None

    async def check_owners(self) -> None:
        """Return if owners may be read.

        Raises:
            Retry, Unavailable: They may not, or HubSpot does not say.
        """
        await self._get(f"/crm/owners/{self._version}", limit="1")

    async def _get(self, path: str, **query: str) -> Mapping[str, Any]:
        async with exchange("hubspot", self._seconds):
            response = await self._client.get(f"{self._base}{path}", params=query, headers=self._headers)
        self._watch_quota(response)
        if not response.is_success:
            raise pause_of(response) or api_signal_for("hubspot", response)
        return body_of(response)

    def _watch_quota(self, response: httpx2.Response) -> None:
        """Report what is used of what the account may ask for in a day, where the answer says it."""
        daily, remaining = (number_of(response, f"X-HubSpot-RateLimit-Daily{which}") for which in ("", "-Remaining"))
        if daily and remaining is not None:
            self._quota.used(max(0, daily - remaining), daily)


def inputs(records: Sequence[Record], more: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The body of a batch: an input for each record, with a trace by which its errors can be found."""
    return {
        "inputs": [
            {"objectWriteTraceId": str(position), "properties": texts(record), **each}
            for position, (record, each) in enumerate(zip(records, more, strict=True))
        ]
    }


def texts(record: Record) -> dict[str, str]:
    """Properties as HubSpot takes them: text only, booleans in lower case, and empty text to clear one."""
    return {name: as_text(value) for name, value in record.fields.items()}


def listed(text: Any) -> Iterator[str]:
    """The parts of a property that holds several, in lower case."""
    yield from filter(None, str(text).lower().split(";")) if text else ()


def problems_of(name: str, known: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What keeps a property from being written."""
    if name not in known:
        yield f"property {name} does not exist"
    elif isinstance(metadata := known[name].get("modificationMetadata"), dict) and metadata.get("readOnlyValue"):
        yield f"property {name} is read-only"


def id_problems(name: str, known: Mapping[str, Mapping[str, Any]], kind: str) -> Iterator[str]:
    """A property that is to tell records apart, and does not."""
    if name not in known:
        yield f"property {name} of {kind} does not exist"
    elif known[name].get("hasUniqueValue") is not True:
        yield f"property {name} of {kind} does not require unique values"
