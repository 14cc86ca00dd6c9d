"""Salesforce's client credentials flow and sObject Collections upsert, as its REST API guide describes them."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.standins.http import Answer, Request, StandIn

CLIENT_ID = "invented-id"
CLIENT_SECRET = "invented-secret"
PATH = "/services/data/v62.0/composite/sobjects/Contact/SalesLoft_Person_Id__c"
QUOTA = Answer(403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
LOCKED = "row-is-locked"


@dataclass
class Salesforce(StandIn):
    """Keeps contacts by external id; `expire` makes the token issued last invalid."""

    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: int = 0
    valid: str = ""

    def __post_init__(self) -> None:
        self.respond = self._respond

    def expire(self) -> None:
        """From now on the token is answered 401 INVALID_SESSION_ID."""
        self.valid = ""

    def _respond(self, request: Request) -> Answer:
        if (request.method, request.path) == ("POST", "/services/oauth2/token"):
            return self._issue(request)
        if (request.method, request.path) != ("PATCH", PATH):
            return Answer(404, [{"errorCode": "NOT_FOUND"}])
        if not self.valid or request.headers.get("authorization") != f"Bearer {self.valid}":
            return Answer(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
        return Answer(200, [self._upsert(record) for record in request.json["records"]])

    def _issue(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form != {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}:
            return Answer(400, {"error": "invalid_client"})
        self.tokens += 1
        self.valid = f"token-{self.tokens}"
        return Answer(200, {"access_token": self.valid, "instance_url": self.url, "token_type": "Bearer"})

    def _upsert(self, record: dict[str, Any]) -> dict[str, Any]:
        key = record["SalesLoft_Person_Id__c"]
        fields = {name: value for name, value in record.items() if name != "attributes"}
        if fields.get("Title") == LOCKED:
            return _failed("UNABLE_TO_LOCK_ROW")
        if key not in self.contacts and not fields.get("LastName"):
            return _failed("REQUIRED_FIELD_MISSING")
        created = key not in self.contacts
        self.contacts.setdefault(key, {}).update(fields)
        return {"id": "003000000000001", "success": True, "errors": [], "created": created}


def _failed(code: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": "...", "fields": []}]}
