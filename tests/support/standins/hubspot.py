"""HubSpot's contacts: batch upsert, read and update, and properties, as its API reference describes them.

Validation errors have the shape that the Developer Changelog shows: JSON inside the message. Whether one bad input
fails its request, or only itself (207), depends on the traces, as the guide to error handling says.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.standins.http import Answer, Request, StandIn

TOKEN = "pat-na1-invented"
RATE_LIMITED = Answer(
    429,
    {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "c033cdaa-2c40-4a64-ae48-b4cec88dad24",
        "policyName": "TEN_SECONDLY_ROLLING",
    },
    {"Retry-After": "2"},
)
DAILY_LIMIT = Answer(429, {"status": "error", "errorType": "RATE_LIMIT", "policyName": "DAILY"})
BATCH = "/crm/v3/objects/contacts/batch/"
STANDARD = ("email", "firstname", "lastname", "jobtitle", "phone", "company", "hs_additional_emails")
OWN = ("salesloft_bounced_address", "salesloft_deleted")


def invalid(name: str, code: str, message: str) -> dict[str, Any]:
    """One failed validation, as it stands in the message's JSON."""
    return {"isValid": False, "message": message, "error": code, "name": name}


def refused(*problems: dict[str, Any], category: str = "VALIDATION_ERROR", **more: Any) -> dict[str, Any]:
    """An error's body."""
    message = f"Property values were not valid: {json.dumps(problems)}"
    return {"status": "error", "message": message, "correlationId": "11061cd3", "category": category, **more}


@dataclass
class HubSpot(StandIn):
    """Keeps contacts by address. Refuses addresses without an @ as HubSpot does.

    Attributes:
        contacts: The properties of each, by address.
        properties: Those that exist: name -> read-only.
        conflicts: Addresses whose upsert HubSpot answers with CONFLICT.
    """

    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    properties: dict[str, bool] = field(default_factory=lambda: dict.fromkeys((*STANDARD, *OWN), False))
    conflicts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.respond = self._respond

    @property
    def writes(self) -> list[Request]:
        """Requests that would change something."""
        return [request for request in self.requests if request.path in {f"{BATCH}upsert", f"{BATCH}update"}]

    def _respond(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"status": "error", "category": "INVALID_AUTHENTICATION"})
        routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/crm/v3/properties/contacts"): self._described,
            ("POST", f"{BATCH}upsert"): self._upsert,
            ("POST", f"{BATCH}read"): self._read,
            ("POST", f"{BATCH}update"): self._update,
        }
        route = routes.get((request.method, request.path))
        return route(request) if route else Answer(404, {"status": "error"})

    def _described(self, _request: Request) -> Answer:
        results = [
            {"name": name, "type": "string", "modificationMetadata": {"readOnlyValue": read_only}}
            for name, read_only in self.properties.items()
        ]
        return Answer(200, {"results": results})

    def _upsert(self, request: Request) -> Answer:
        inputs = request.json["inputs"]
        if refusal := self._refusal(inputs):
            return refusal
        good = [each for each in inputs if "@" in each["id"] and each["id"] not in self.conflicts]
        for each in good:
            self.contacts.setdefault(each["id"], {}).update(each["properties"])
        errors = [self._error(each) for each in inputs if each not in good]
        return _answered(good, errors)

    def _read(self, request: Request) -> Answer:
        assert request.json["idProperty"] == "email"
        wanted = [each["id"] for each in request.json["inputs"]]
        found = [address for address in wanted if address in self.contacts]
        results = [{"id": f"id-of-{each}", "properties": {"email": each}} for each in found]
        if len(found) == len(wanted):
            return Answer(200, {"status": "COMPLETE", "results": results})
        missing = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some CONTACT objects"}
        context = {"ids": [each for each in wanted if each not in found]}
        return Answer(207, {"status": "COMPLETE", "results": results, "errors": [{**missing, "context": context}]})

    def _update(self, request: Request) -> Answer:
        inputs = request.json["inputs"]
        assert not any("idProperty" in each for each in inputs)
        if refusal := self._refusal(inputs):
            return refusal
        for each in inputs:
            self.contacts[each["id"].removeprefix("id-of-")].update(each["properties"])
        return _answered(inputs, [])

    def _refusal(self, inputs: list[dict[str, Any]]) -> Answer | None:
        if len(inputs) > 100 or len({each["id"] for each in inputs}) < len(inputs):
            return Answer(400, {"status": "error", "category": "VALIDATION_ERROR", "message": "Duplicate IDs found"})
        names = dict.fromkeys(name for each in inputs for name in each["properties"])
        unknown = [name for name in names if name not in self.properties]
        if not unknown:
            return None
        problems = [invalid(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist') for name in unknown]
        return Answer(400, refused(*problems))

    def _error(self, each: dict[str, Any]) -> dict[str, Any]:
        context = {"objectWriteTraceId": [each["objectWriteTraceId"]]}
        if each["id"] in self.conflicts:
            known = {"message": "Contact already exists. Existing ID: 12345", "category": "CONFLICT"}
            return {"status": "error", **known, "context": context}
        problem = invalid("email", "INVALID_EMAIL", f"Email address {each['id']} is invalid")
        return refused(problem, context=context)


def _answered(good: list[dict[str, Any]], errors: list[dict[str, Any]]) -> Answer:
    results = [
        {"id": "1", "properties": each["properties"], "objectWriteTraceId": each["objectWriteTraceId"]} for each in good
    ]
    if not errors:
        return Answer(200, {"status": "COMPLETE", "results": results})
    return Answer(207, {"status": "COMPLETE", "results": results, "numErrors": len(errors), "errors": errors})
