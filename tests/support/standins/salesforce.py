"""Salesforce's client credentials flow, sObject Collections, queries and descriptions, as its REST API guide shows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.standins.http import Answer, Request, StandIn

CLIENT_ID = "invented-id"
CLIENT_SECRET = "invented-secret"
BASE = "/services/data/v62.0"
EXTERNAL_ID = "SalesLoft_Person_Id__c"
UPSERT = f"{BASE}/composite/sobjects/Contact/{EXTERNAL_ID}"
UPDATE = f"{BASE}/composite/sobjects"
QUOTA = Answer(403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
LOCKED = "row-is-locked"
STANDARD = ("Id", "Email", "FirstName", "LastName", "Title", "Phone", EXTERNAL_ID)
OWN = ("SalesLoft_Bounced_Address__c", "SalesLoft_Deleted__c")


@dataclass
class Salesforce(StandIn):
    """Keeps contacts by external id; `expire` makes the token issued last invalid.

    Attributes:
        contacts: The fields of each, by external id.
        fields: Those that exist: name -> whether our user may write it.
        failing: A code with which every record is refused.
        failing_fields: The fields that error names.
        duplicates: Last names that a duplicate rule objects to, with a warning.
    """

    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    fields: dict[str, bool] = field(default_factory=lambda: dict.fromkeys((*STANDARD, *OWN), True))
    failing: str = ""
    failing_fields: tuple[str, ...] = ()
    duplicates: set[str] = field(default_factory=set)
    tokens: int = 0
    valid: str = ""

    def __post_init__(self) -> None:
        self.respond = self._respond

    @property
    def writes(self) -> list[Request]:
        """Requests that would change something."""
        return [request for request in self.requests if request.method == "PATCH"]

    def expire(self) -> None:
        """From now on the token is answered 401 INVALID_SESSION_ID."""
        self.valid = ""

    def _respond(self, request: Request) -> Answer:
        path = urlsplit(request.path).path
        if (request.method, path) == ("POST", "/services/oauth2/token"):
            return self._issue(request)
        if not self.valid or request.headers.get("authorization") != f"Bearer {self.valid}":
            return Answer(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
        routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("PATCH", UPSERT): self._written,
            ("PATCH", UPDATE): self._written,
            ("GET", f"{BASE}/query"): self._query,
            ("GET", f"{BASE}/sobjects/Contact/describe"): self._described,
        }
        route = routes.get((request.method, path))
        missing = {"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}
        return route(request) if route else Answer(404, [missing])

    def _issue(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form != {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}:
            return Answer(400, {"error": "invalid_client"})
        self.tokens += 1
        self.valid = f"token-{self.tokens}"
        return Answer(200, {"access_token": self.valid, "instance_url": self.url, "token_type": "Bearer"})

    def _described(self, _request: Request) -> Answer:
        fields = [
            {"name": name, "updateable": writable, "createable": writable, "externalId": name == EXTERNAL_ID}
            for name, writable in self.fields.items()
        ]
        return Answer(200, {"name": "Contact", "fields": fields})

    def _query(self, request: Request) -> Answer:
        (query,) = parse_qs(urlsplit(request.path).query)["q"]
        assert query.startswith("SELECT Id, SalesLoft_Person_Id__c FROM Contact WHERE SalesLoft_Person_Id__c IN (")
        wanted = re.findall(r"'(\d+)'", query)
        records = [{"Id": f"003{key}", EXTERNAL_ID: key} for key in wanted if key in self.contacts]
        return Answer(200, {"totalSize": len(records), "done": True, "records": records})

    def _written(self, request: Request) -> Answer:
        records = request.json["records"]
        names = {name for record in records for name in record} - {"attributes", "id"}
        if unknown := sorted(names - set(self.fields)):
            message = f"No such column '{unknown[0]}' on sobject of type Contact"
            return Answer(400, [{"message": message, "errorCode": "INVALID_FIELD"}])
        saving = "allowSave=true" in request.headers.get("sforce-duplicate-rule-header", "")
        return Answer(200, [self._write(record, saving=saving) for record in records])

    def _write(self, record: dict[str, Any], *, saving: bool) -> dict[str, Any]:
        key = record["id"].removeprefix("003") if "id" in record else record[EXTERNAL_ID]
        fields = {name: value for name, value in record.items() if name not in {"attributes", "id"}}
        if self.failing:
            return _failed(self.failing, *self.failing_fields)
        if fields.get("Title") == LOCKED:
            return _failed("UNABLE_TO_LOCK_ROW")
        if fields.get("LastName") in self.duplicates and not saving:
            return _failed("DUPLICATES_DETECTED")
        if key not in self.contacts and not fields.get("LastName"):
            return _failed("REQUIRED_FIELD_MISSING", "LastName")
        created = key not in self.contacts
        self.contacts.setdefault(key, {}).update(fields)
        return {"id": f"003{key}", "success": True, "errors": [], "created": created}


def _failed(code: str, *fields: str) -> dict[str, Any]:
    error = {"statusCode": code, "message": f"{code}: {', '.join(fields)}", "fields": list(fields)}
    return {"success": False, "errors": [error]}
