"""Salesforce's client credentials flow and REST API, as far as its developer guide describes what we ask of it.

sObject Collections (create, update, upsert), Composite, Query and QueryAll with their pages, descriptions, and the
header that says what is left of the quota. `test_crm_salesforce_contract.py` holds names and shapes against what is
published.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.standins import salesforce_soql
from tests.support.standins.http import Answer, Request, StandIn
from tests.support.standins.salesforce_parts import BASE, is_write, parts_of
from tests.support.standins.salesforce_records import (
    EXTERNAL_ID,
    FIELDS,
    STATUSES,
    TYPES,
    UNIQUE,
    BadRequest,
    Records,
    Refusal,
    check_json,
)

CLIENT_ID = "invented-id"
CLIENT_SECRET = "invented-secret"
QUOTA = Answer(403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
LOCKED = "row-is-locked"
MISSING = Answer(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])


@dataclass
class Salesforce(StandIn):
    """Keeps Contacts, Leads, Tasks, Events and Users; `expire` makes the token issued last invalid.

    Attributes:
        records: All of them.
        fields: Fields of Contacts and Leads that exist: name -> whether our user may write it.
        types: By name, their types.
        unique: Names of fields with unique values.
        missing: Names of fields that other objects have not.
        failing: A code with which every record is refused.
        failing_fields: The fields that error names.
        duplicates: Last names that a duplicate rule objects to, with a warning.
        page_size: Rows of one page of a query.
        used: Requests that count towards the quota.
        quota: How many there may be.
    """

    records: Records = field(default_factory=Records)
    fields: dict[str, bool] = field(default_factory=lambda: dict.fromkeys((*FIELDS["Contact"], "Company"), True))
    types: dict[str, str] = field(default_factory=lambda: dict(TYPES))
    unique: set[str] = field(default_factory=lambda: set(UNIQUE))
    missing: set[str] = field(default_factory=set)
    failing: str = ""
    failing_fields: tuple[str, ...] = ()
    duplicates: set[str] = field(default_factory=set)
    page_size: int = 2000
    used: int = 0
    quota: int = 100_000
    tokens: int = 0
    valid: str = ""
    pages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.respond = self._respond

    @property
    def contacts(self) -> dict[str, dict[str, Any]]:
        """The fields of each Contact that bears an external id, by it."""
        return self.bearing("Contact")

    def bearing(self, sobject: str, name: str = EXTERNAL_ID) -> dict[str, dict[str, Any]]:
        """The fields of each record of an object that bears such an id, by it."""
        return {each.fields[name]: each.fields for each in self.records.live(sobject) if name in each.fields}

    @property
    def writes(self) -> list[Request]:
        """Requests that would change something: also those that came together in one."""
        return [each for request in self.requests for each in parts_of(request) if is_write(each)]

    def expire(self) -> None:
        """From now on the token is answered 401 INVALID_SESSION_ID."""
        self.valid = ""

    def _respond(self, request: Request) -> Answer:
        if (request.method, request.path) == ("POST", "/services/oauth2/token"):
            return self._issue(request)
        if not self.valid or request.headers.get("authorization") != f"Bearer {self.valid}":
            return Answer(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
        if self.used >= self.quota:
            return QUOTA
        self.used += 1
        limits = {"Sforce-Limit-Info": f"api-usage={self.used}/{self.quota}"}
        is_composite = (request.method, request.path) == ("POST", f"{BASE}/composite")
        return replace(self._composite(request) if is_composite else self._answer(request), headers=limits)

    def _answer(self, request: Request) -> Answer:
        path = urlsplit(request.path).path
        routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("PATCH", f"{BASE}/composite/sobjects"): self._written,
            ("POST", f"{BASE}/composite/sobjects"): self._written,
            ("GET", f"{BASE}/query"): self._query,
            ("GET", f"{BASE}/queryAll"): self._query,
            **{("GET", f"{BASE}/query/{locator}"): self._next_page for locator in self.pages},
            **{("GET", f"{BASE}/sobjects/{each}/describe"): self._described for each in FIELDS},
            **{
                ("PATCH", f"{BASE}/composite/sobjects/{each}/{name}"): self._written
                for each in FIELDS
                for name in UNIQUE
                if name in FIELDS[each]
            },
        }
        route = routes.get((request.method, path))
        try:
            return route(request) if route else MISSING
        except BadRequest as refusal:
            return Answer(400, refusal.body)

    def _issue(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form != {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}:
            return Answer(400, {"error": "invalid_client"})
        self.tokens += 1
        self.valid = f"token-{self.tokens}"
        return Answer(200, {"access_token": self.valid, "instance_url": self.url, "token_type": "Bearer"})

    def _composite(self, request: Request) -> Answer:
        parts = request.json["compositeRequest"]
        assert request.json["allOrNone"] is False
        assert 0 < len(parts) <= 25
        assert sum("/query" in each["url"] or "/composite/sobjects" in each["url"] for each in parts) <= 5
        assert len({each["referenceId"] for each in parts}) == len(parts)
        answers = [
            (each["referenceId"], self._answer(part)) for each, part in zip(parts, parts_of(request), strict=True)
        ]
        results = [
            {"body": answer.body, "httpHeaders": {}, "httpStatusCode": answer.status, "referenceId": reference}
            for reference, answer in answers
        ]
        return Answer(200, {"compositeResponse": results})

    def names(self, sobject: str) -> dict[str, bool]:
        """The fields of an object, and whether our user may write them."""
        if sobject in ("Contact", "Lead"):
            return {name: writable for name, writable in self.fields.items() if name != "Company" or sobject == "Lead"}
        return dict.fromkeys((name for name in FIELDS[sobject] if name not in self.missing), True)

    def _described(self, request: Request) -> Answer:
        sobject = request.path.split("/")[-2]
        fields = [
            {
                "name": name,
                "type": self.types.get(name, "string"),
                "updateable": writable and name != "TaskSubtype",
                "createable": writable,
                "externalId": name in UNIQUE,
                "unique": name in self.unique,
                "picklistValues": [{"active": True, "value": each} for each in STATUSES if name == "Status"],
            }
            for name, writable in self.names(sobject).items()
        ]
        return Answer(200, {"name": sobject, "fields": fields})

    def _query(self, request: Request) -> Answer:
        url = urlsplit(request.path)
        assert url.query.startswith("q=")
        assert "+" not in url.query  # a plus is a plus, or a space: whoever writes %20 and %2B is always understood
        statement = unquote(url.query.removeprefix("q="))
        sobject = statement.split(" FROM ")[1].split()[0]
        known = set(self.names(sobject)) if sobject in ("Contact", "Lead") else set(FIELDS[sobject])
        found = salesforce_soql.rows(self.records, statement, deleted=url.path.endswith("queryAll"), known=known)
        return self._page(found)

    def _page(self, found: list[dict[str, Any]]) -> Answer:
        page, rest = found[: self.page_size], found[self.page_size :]
        body: dict[str, Any] = {"totalSize": len(found), "done": not rest, "records": page}
        if rest:
            locator = f"01g5g000000000{len(self.pages)}-{self.page_size}"
            self.pages[locator] = rest
            body["nextRecordsUrl"] = f"{BASE}/query/{locator}"
        return Answer(200, body)

    def _next_page(self, request: Request) -> Answer:
        return self._page(self.pages[request.path.rsplit("/", 1)[1]])

    def _written(self, request: Request) -> Answer:
        path = urlsplit(request.path).path.removeprefix(f"{BASE}/composite/sobjects").strip("/").split("/")
        records = request.json["records"]
        assert 0 < len(records) <= 200
        kinds = [each["attributes"]["type"] for each in records]
        assert len([*groupby(kinds)]) <= (1 if path[0] else 10)
        for each, kind in zip(records, kinds, strict=True):
            names = set(each) - {"attributes", "id"}
            if unknown := sorted(names - set(self.names(kind))):
                raise BadRequest("INVALID_FIELD", f"No such column '{unknown[0]}' on sobject of type {kind}")
            check_json(self.types, {name: each[name] for name in names})
        saving = "allowSave=true" in request.headers.get("sforce-duplicate-rule-header", "")
        return Answer(200, [self._write(request.method, path, each, saving=saving) for each in records])

    def _write(self, method: str, path: list[str], record: dict[str, Any], *, saving: bool) -> dict[str, Any]:
        fields = {name: value for name, value in record.items() if name not in {"attributes", "id"}}
        sobject = record["attributes"]["type"]
        try:
            self._object(fields, saving=saving)
            if method == "POST":
                return _succeeded(self.records.create(sobject, fields))
            if path[0]:
                assert "id" not in record
                assert sobject == path[0]
                own, created = self.records.upsert(sobject, path[1], fields)
                return _succeeded(own) | {"created": created}
            return _succeeded(self.records.update(record["id"], fields))
        except Refusal as refusal:
            return {"success": False, "errors": [refusal.error]}

    def _object(self, fields: dict[str, Any], *, saving: bool) -> None:
        """What a test wants refused."""
        if self.failing:
            raise Refusal(self.failing, "", *self.failing_fields)
        if fields.get("Title") == LOCKED:
            raise Refusal("UNABLE_TO_LOCK_ROW")
        if fields.get("LastName") in self.duplicates and not saving:
            raise Refusal("DUPLICATES_DETECTED")


def _succeeded(own: str) -> dict[str, Any]:
    return {"id": own, "success": True, "errors": []}
