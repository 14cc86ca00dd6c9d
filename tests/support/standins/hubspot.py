"""HubSpot's contacts and engagements, properties and owners, as its API reference describes them.

Validation errors have the shape that the Developer Changelog shows: JSON inside the message. Whether one bad input
fails its request, or only itself (207), depends on the traces, as the guide to error handling says. Every request that
comes in, and every answer that is not a test's own, is checked against the description.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.standins.http import Answer, Request, StandIn
from tests.support.standins.hubspot_description import (
    VERSION,
    WHEN,
    answered,
    described_property,
    missing,
    operation_of,
    shown,
    violations_in,
    violations_of,
)

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
BATCH = f"/crm/objects/{VERSION}/contacts/batch/"
STANDARD = (
    *("email", "firstname", "lastname", "jobtitle", "phone", "company", "hs_additional_emails"),
    *("hubspot_owner_id", "hs_merged_object_ids"),
)
OWN = ("salesloft_bounced_address", "salesloft_deleted", "salesloft_person_id", "hobby", "joined_on")


def invalid(name: str, code: str, message: str) -> dict[str, Any]:
    """One failed validation, as it stands in the message's JSON."""
    return {"isValid": False, "message": message, "error": code, "name": name}


def refused(*problems: dict[str, Any], category: str = "VALIDATION_ERROR", **more: Any) -> dict[str, Any]:
    """An error's body."""
    message = f"Property values were not valid: {json.dumps(problems)}"
    return {"status": "error", "message": message, "correlationId": "11061cd3", "category": category, **more}


@dataclass
class HubSpot(StandIn):
    """Keeps objects by HubSpot's id. Refuses addresses without an @ as HubSpot does.

    Attributes:
        records: Properties of each object, by kind and id.
        properties: Those that exist of contacts: name -> read-only.
        unique: Properties with unique values, by kind.
        merged: Ids of contacts that were merged into another -> its id.
        owners: Ids of owners, by their address.
        conflicts: Addresses whose upsert HubSpot answers with CONFLICT.
        associations: Kind and id of an engagement, id of its contact, type.
        violations: What was not as described.
    """

    records: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {kind: {} for kind in ("contacts", "calls", "emails", "meetings")}
    )
    properties: dict[str, bool] = field(default_factory=lambda: dict.fromkeys((*STANDARD, *OWN), False))
    unique: dict[str, set[str]] = field(
        default_factory=lambda: {
            "contacts": {"email", "salesloft_person_id"},
            **{kind: {"salesloft_activity_id"} for kind in ("calls", "emails", "meetings")},
        }
    )
    merged: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    conflicts: set[str] = field(default_factory=set)
    associations: list[tuple[str, str, str, int]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.respond = self.answer_to

    @asynccontextmanager
    async def running(self, tls: SSLContext | None = None) -> AsyncIterator["HubSpot"]:
        """Listen until the block ends; then fail if anything was not as HubSpot describes it."""
        async with super().running(tls):
            yield self
        self.violations += (each for request in self.requests for each in violations_of(request))
        assert self.violations == []

    @property
    def contacts(self) -> dict[str, dict[str, Any]]:
        """The properties of each contact, by address, or by id where it has none."""
        return {each.get("email") or own: each for own, each in self.records["contacts"].items()}

    @property
    def writes(self) -> list[Request]:
        """Requests that would change something."""
        return [request for request in self.requests if operation_of(request) in {"create", "update", "upsert"}]

    def add(self, **properties: str) -> str:
        """A contact that is there already; its id."""
        return self._make("contacts", properties)

    def _make(self, kind: str, properties: dict[str, Any]) -> str:
        own = str(101 + sum(map(len, self.records.values())) + len(self.merged))
        self.records[kind][own] = dict(properties)
        return own

    def merge(self, loser: str, winner: str) -> None:
        """As somebody does in HubSpot: the winner's values stay, and the loser's address becomes a further one."""
        gone, stays = self.records["contacts"].pop(loser), self.records["contacts"][winner]
        self.merged[loser] = winner
        stays["hs_additional_emails"] = gone.get("email")
        stays["hs_merged_object_ids"] = loser

    def answer_to(self, request: Request) -> Answer:
        """What HubSpot answers."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            error = {"status": "error", "category": "INVALID_AUTHENTICATION", "message": "", "correlationId": "1"}
            return Answer(401, error)
        operation = operation_of(request)
        if operation is None:
            return Answer(404, {"status": "error"})
        parts = urlsplit(request.path).path.split("/")
        match operation:
            case "owners":
                answer = self._owned(parse_qs(urlsplit(request.path).query).get("email", [None])[0])
            case "properties":
                answer = self._described(parts[-1])
            case "group":
                answer = Answer(201, {**request.json, "archived": False})
            case "property":
                answer = self._made(parts[-1], request.json)
            case "read":
                answer = self._read(parts[4], request.json)
            case _:
                answer = self._write(parts[4], operation, request.json["inputs"])
        self.violations += violations_in(request, answer)
        return answer

    def _owned(self, address: str | None) -> Answer:
        results = [
            {"id": own, "email": each, "type": "PERSON", "archived": False, "createdAt": WHEN, "updatedAt": WHEN}
            for each, own in self.owners.items()
            if address in (None, each)
        ]
        return Answer(200, {"results": results})

    def _described(self, kind: str) -> Answer:
        names = self.properties if kind == "contacts" else dict.fromkeys(["hs_timestamp", *self.unique[kind]], False)
        unique = self.unique[kind]
        results = [described_property(each, unique=each in unique, read_only=gone) for each, gone in names.items()]
        return Answer(200, {"results": results})

    def _made(self, kind: str, body: dict[str, Any]) -> Answer:
        if kind == "contacts":
            self.properties[body["name"]] = False
        if body["hasUniqueValue"]:
            self.unique[kind].add(body["name"])
        return Answer(201, described_property(body["name"], unique=body["hasUniqueValue"], read_only=False))

    def _found(self, kind: str, name: str | None, value: str) -> str | None:
        """The id of the object with a value of a unique property, or of that id; empty text is no value."""
        records = self.records[kind] if value else {}
        if name is None:
            own = self.merged.get(value, value)
            return own if own in records else None
        for own, each in records.items():
            further = str(each.get("hs_additional_emails") or "").split(";") if name == "email" else ()
            if each.get(name) == value or value in further:
                return own
        return None

    def _read(self, kind: str, body: dict[str, Any]) -> Answer:
        name = body.get("idProperty")
        if name is not None and name not in self.unique[kind]:
            return Answer(400, refused(invalid(name, "NOT_UNIQUE", f"{name} is no unique property")))
        wanted = [each["id"] for each in body["inputs"]]
        found = {value: own for value in wanted if (own := self._found(kind, name, value))}
        results = [shown(own, self.records[kind][own], body["properties"]) for own in dict.fromkeys(found.values())]
        lost = [value for value in wanted if value not in found]
        return answered(results, [missing(lost)] if lost else [])

    def _write(self, kind: str, operation: str, inputs: list[dict[str, Any]]) -> Answer:
        if refusal := self._refusal(kind, operation, inputs):
            return refusal
        results, errors = [], []
        for each in inputs:
            own = self._found(kind, each.get("idProperty"), each["id"]) if operation != "create" else None
            error = self._error(kind, operation, each, own)
            if error is not None:
                errors.append(error)
                continue
            new = own is None
            own = own or self._make(kind, {each["idProperty"]: each["id"]} if "idProperty" in each else {})
            self.records[kind][own].update(each["properties"])
            self.associations += (
                (kind, own, to["to"]["id"], spec["associationTypeId"])
                for to in each.get("associations", ())
                for spec in to["types"]
            )
            now = shown(own, self.records[kind][own], self.records[kind][own])
            results.append({**now, "objectWriteTraceId": each["objectWriteTraceId"], "new": new})
        return answered(results, errors, 201 if operation == "create" else 200)

    def _refusal(self, kind: str, operation: str, inputs: list[dict[str, Any]]) -> Answer | None:
        ids = [each["id"] for each in inputs if operation != "create"]
        if len(inputs) > 100 or len(set(ids)) < len(ids):
            return Answer(400, refused(category="VALIDATION_ERROR") | {"message": "Duplicate IDs found"})
        names = dict.fromkeys(name for each in inputs for name in each["properties"])
        unknown = [name for name in names if kind == "contacts" and name not in self.properties]
        if not unknown:
            return None
        problems = [invalid(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist') for name in unknown]
        return Answer(400, refused(*problems))

    def _error(self, kind: str, operation: str, each: dict[str, Any], own: str | None) -> dict[str, Any] | None:
        context = {"objectWriteTraceId": [each["objectWriteTraceId"]]}
        email = each["properties"].get("email")
        if operation == "update" and own is None:
            return missing([each["id"]])
        if email is not None and "@" not in email:
            problem = invalid("email", "INVALID_EMAIL", f"Email address {email} is invalid")
            return {**refused(problem, context=context), "errors": [], "links": {}}
        for name in self._doubled(kind, each["properties"], own):
            known = {"message": f"{name}: already has that value", "category": "VALIDATION_ERROR"}
            if name == "email":
                known = {"message": "Contact already exists. Existing ID: 12345", "category": "CONFLICT"}
            return {"status": "error", **known, "context": context, "errors": [], "links": {}}
        return None

    def _doubled(self, kind: str, properties: dict[str, Any], own: str | None) -> Iterator[str]:
        """Unique properties whose value another object has."""
        for name in sorted(self.unique[kind] & properties.keys()):
            other = self._found(kind, name, properties[name])
            if properties[name] in self.conflicts or (other is not None and other != own):
                yield name
