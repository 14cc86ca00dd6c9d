"""Requests to Salesforce: a token that is renewed, several requests in one, pages of a query, and what they cost.

One Composite request carries up to 25 requests, of which five may be queries or collections, and counts as one towards
the organisation's daily quota ("Send Multiple Requests Using Composite", REST API Developer Guide; each of its results
is ``{"body", "httpHeaders", "httpStatusCode", "referenceId"}``, "Composite Subrequest Result"). With ``allOrNone``
false each of them stands for itself. A query's answer may come in pages, the next one under ``nextRecordsUrl``
("Query"). Every answer says in ``Sforce-Limit-Info: api-usage=18/5000`` how much of the quota is used ("Limit Info
Header").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import msgspec

from salesloft_webhooks.errors import Retry
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.bisection import Refused
from salesloft_webhooks.handlers.builtin.crm.salesforce_answers import Reader, expired, fields_of
from salesloft_webhooks.handlers.builtin.crm.salesforce_fields import Described
from salesloft_webhooks.handlers.builtin.crm.salesforce_login import SalesforceLogin
from salesloft_webhooks.handlers.builtin.crm.salesforce_soql import encoded
from salesloft_webhooks.handlers.outbound.http_client import exchange
from salesloft_webhooks.telemetry import CrmQuota

SUBREQUESTS = 5
"""Queries and collections of one Composite request at most."""
PAGES = 50
"""Pages of one query at most: beyond, something is wrong with what was asked."""

_USAGE = re.compile(r"\bapi-usage=(\d{1,12})/(\d{1,12})\b")
_UNDOCUMENTED = "salesforce: not the documented answer"

Row = Mapping[str, Any]
"""A record of a query's answer, by the names of its fields."""


@dataclass(frozen=True, slots=True)
class Subrequest:
    """One request of several.

    Attributes:
        method: Of HTTP.
        path: Below the version: ``/composite/sobjects``.
        body: What is sent as JSON; None: nothing.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None


class _Subresult(msgspec.Struct, rename="camel"):
    http_status_code: int
    reference_id: str
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Composite(msgspec.Struct, rename="camel"):
    composite_response: list[_Subresult]


class _Page(msgspec.Struct, rename="camel"):
    records: list[dict[str, Any]]
    done: bool = True
    next_records_url: str | None = None


class SalesforceSession:
    """What is asked of one organisation.

    Args:
        configuration: Where, in which version, and as whom.
        client: With connections of its own.
        reader: What answers mean.
    """

    def __init__(self, configuration: SalesforceCrm, client: httpx2.AsyncClient, reader: Reader) -> None:
        self._login = SalesforceLogin(configuration, client)
        self._client = client
        self._reader = reader
        self._seconds = configuration.timeout_seconds
        self._base = f"/services/data/v{configuration.api_version}"
        self._known = dict[str, Described]()
        self._quota = CrmQuota("salesforce", configuration.quota_warning)
        saving = configuration.on_duplicate == "save"
        self._headers = {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if saving else {}

    async def request(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """One request below the version, whatever its answer; a token that has expired is renewed, once.

        Raises:
            Retry, Unavailable: There is no answer.
        """
        return await self._request(method, f"{self._base}{path}", **more)

    async def described(self, sobject: str) -> httpx2.Response:
        """What Salesforce says of an object, whatever its answer.

        Raises:
            Retry, Unavailable: There is no answer.
        """
        return await self.request("GET", f"/sobjects/{sobject}/describe")

    async def fields(self, sobject: str) -> Described:
        """The fields of an object, asked once.

        Raises:
            Retry, Unavailable: Salesforce does not say.
        """
        if sobject not in self._known:
            try:
                self._known[sobject] = self.fields_in(await self.described(sobject))
            except Refused as refusal:
                raise Retry(str(refusal)) from refusal
        return self._known[sobject]

    def fields_in(self, response: httpx2.Response) -> Described:
        """The fields of a described object.

        Raises:
            Refused, Retry, Unavailable: It is another answer.
        """
        self._reader.raise_for(response)
        if not (known := fields_of(response)):
            raise Retry(_UNDOCUMENTED)
        return known

    async def composite(self, subrequests: Sequence[Subrequest]) -> Sequence[httpx2.Response]:
        """The answer to each request, in their order, as if it had been sent alone.

        Raises:
            Refused: The whole was refused.
            Retry, Unavailable: There is no answer, or not the documented one.
        """
        answers = list[httpx2.Response]()
        for start in range(0, len(subrequests), SUBREQUESTS):
            answers += await self._composite(subrequests[start : start + SUBREQUESTS])
        return answers

    async def together(self, subrequests: Sequence[Subrequest]) -> Sequence[httpx2.Response]:
        """The same, without the detour where there is one request only."""
        if len(subrequests) != 1:
            return await self.composite(subrequests)
        (only,) = subrequests
        return [await self.request(only.method, only.path, json=only.body)]

    async def rows(self, statements: Sequence[str], *, deleted: bool = False) -> Sequence[Sequence[Row]]:
        """All rows of each query. Statements go in the body of a request: no log of addresses has what is in them.

        Args:
            statements: In SOQL.
            deleted: Also those in the recycle bin.

        Raises:
            Refused: A query was refused.
            Retry, Unavailable: There is no answer, or not the documented one.
        """
        resource = "queryAll" if deleted else "query"
        subrequests = [Subrequest("GET", f"/{resource}?q={encoded(each)}") for each in statements]
        return [await self._all_pages(answer) for answer in await self.composite(subrequests)]

    async def _all_pages(self, answer: httpx2.Response) -> Sequence[Row]:
        rows = list[Row]()
        for _ in range(PAGES):
            self._reader.raise_for(answer)
            try:
                page = msgspec.json.decode(answer.content, type=_Page)
            except (msgspec.DecodeError, RecursionError) as exc:
                raise Retry(_UNDOCUMENTED) from exc
            rows += page.records
            if page.done:
                return rows
            # The token goes wherever this leads: nowhere but below the address that it belongs to.
            if not (page.next_records_url or "").startswith("/services/data/"):
                raise Retry(_UNDOCUMENTED)
            answer = await self._request("GET", str(page.next_records_url))
        raise Retry(f"salesforce: a query with more than {PAGES} pages")

    async def _composite(self, subrequests: Sequence[Subrequest]) -> Sequence[httpx2.Response]:
        body = {
            "allOrNone": False,
            "compositeRequest": [
                {
                    "method": each.method,
                    "url": f"{self._base}{each.path}",
                    "referenceId": f"r{number}",
                    **({} if each.body is None else {"body": each.body}),
                    **({"httpHeaders": self._headers} if self._headers and each.method != "GET" else {}),
                }
                for number, each in enumerate(subrequests)
            ],
        }
        response = await self.request("POST", "/composite", json=body)
        self._reader.raise_for(response)
        try:
            results = msgspec.json.decode(response.content, type=_Composite).composite_response
        except (msgspec.DecodeError, RecursionError) as exc:
            raise Retry(_UNDOCUMENTED) from exc
        known = {each.reference_id: each for each in results if 100 <= each.http_status_code <= 599}
        try:
            ordered = [known[f"r{number}"] for number in range(len(subrequests))]
        except KeyError as exc:
            raise Retry(_UNDOCUMENTED) from exc
        return [httpx2.Response(each.http_status_code, content=bytes(each.body)) for each in ordered]

    async def _request(self, method: str, path: str, **more: Any) -> httpx2.Response:
        token = await self._login.token()
        for again in (True, False):
            headers = {"Authorization": f"Bearer {token.access_token}", **self._headers}
            async with exchange("salesforce", self._seconds):
                response = await self._client.request(method, f"{token.instance_url}{path}", headers=headers, **more)
            if usage := _USAGE.search(response.headers.get("sforce-limit-info", "")):
                self._quota.used(int(usage[1]), int(usage[2]))
            if not (again and expired(response)):
                break
            token = await self._login.token(instead_of=token)
        return response
