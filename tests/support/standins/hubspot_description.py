"""Names and shapes of HubSpot's API: what we send and what the stand-in answers is checked against them.

Written by hand from HubSpot's published descriptions of version 2026-09. No licence of theirs was found, so they are
not kept here: github.com/HubSpot/HubSpot-public-api-spec-collection, below ``PublicApiSpecs/CRM``,
``Contacts/Rollouts/424/2026-09`` (commit f682c7dc), ``Calls/Rollouts/424/2026-09`` (commit 8be05379; all activities
have its form), ``Properties/Rollouts/145899/2026-09`` (commit 14e3ef87) and ``Crm
Owners/Rollouts/146888/2026-09`` (commit 44aef174).
Requests may have no member that is not described; answers may.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.standins.http import Answer, Request

VERSION = "2026-09"

_TEXT = {"type": "string"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_NULLABLE_TEXTS = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}


def _closed(required: str, **properties: Any) -> dict[str, Any]:
    """An object of a request: these members, those of ``required`` always."""
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def _open(required: str, **properties: Any) -> dict[str, Any]:
    """An object of an answer."""
    return {"type": "object", "required": required.split(), "properties": properties}


def _listed(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def _batch(items: Any, required: str = "inputs", **more: Any) -> dict[str, Any]:
    return _closed(required, inputs=_listed(items, maxItems=100, minItems=1), **more)


_ASSOCIATION_SPEC = _closed(
    "associationCategory associationTypeId",
    associationCategory={"enum": ["HUBSPOT_DEFINED", "INTEGRATOR_DEFINED", "USER_DEFINED", "WORK"]},
    associationTypeId={"type": "integer"},
)
_ASSOCIATION = _closed("to types", to=_closed("id", id=_TEXT), types=_listed(_ASSOCIATION_SPEC))
_CHANGE = _closed("id properties", id=_TEXT, idProperty=_TEXT, objectWriteTraceId=_TEXT, properties=_TEXTS)
_TYPES = {"enum": ["bool", "date", "datetime", "enumeration", "number", "phone_number", "string"]}
REQUESTS = {
    "create": _batch(
        _closed(
            "associations properties", associations=_listed(_ASSOCIATION), objectWriteTraceId=_TEXT, properties=_TEXTS
        )
    ),
    "read": _batch(
        _closed("id", id=_TEXT),
        "inputs properties propertiesWithHistory",
        idProperty=_TEXT,
        properties=_listed(_TEXT),
        propertiesWithHistory=_listed(_TEXT),
    ),
    "update": _batch(_CHANGE),
    "upsert": _batch(_CHANGE),
    "group": _closed("label name", label=_TEXT, name=_TEXT),
    "property": _closed(
        "fieldType groupName label name type",
        fieldType={"enum": ["booleancheckbox", "checkbox", "date", "number", "radio", "select", "text", "textarea"]},
        groupName=_TEXT,
        hasUniqueValue={"type": "boolean"},
        label=_TEXT,
        name=_TEXT,
        type=_TYPES,
    ),
}
"""BatchInputSimplePublicObject..., PropertyGroupCreate and PropertyCreate."""

_OBJECT = _open(
    "archived createdAt id properties updatedAt",
    archived={"type": "boolean"},
    createdAt=_TEXT,
    id=_TEXT,
    objectWriteTraceId=_TEXT,
    properties=_NULLABLE_TEXTS,
    updatedAt=_TEXT,
)
_UPSERTED = {**_OBJECT, "required": [*_OBJECT["required"], "new"]}
_ERROR_IN_BATCH = _open(
    "category context errors links message status",
    category=_TEXT,
    context={"type": "object", "additionalProperties": _listed(_TEXT)},
    errors=_listed(_open("message", message=_TEXT)),
    links=_TEXTS,
    message=_TEXT,
    status=_TEXT,
)


def _answered(items: Any) -> dict[str, Any]:
    return _open(
        "completedAt results startedAt status",
        completedAt=_TEXT,
        errors=_listed(_ERROR_IN_BATCH),
        numErrors={"type": "integer"},
        results=_listed(items),
        startedAt=_TEXT,
        status={"enum": ["CANCELED", "COMPLETE", "PENDING", "PROCESSING"]},
    )


_OWNER = _open(
    "archived createdAt id type updatedAt",
    archived={"type": "boolean"},
    email=_TEXT,
    id=_TEXT,
    type={"enum": ["PERSON", "QUEUE"]},
)
_PROPERTY = _open(
    "description fieldType groupName label name options type",
    hasUniqueValue={"type": "boolean"},
    modificationMetadata=_open("archivable readOnlyDefinition readOnlyValue", readOnlyValue={"type": "boolean"}),
    name=_TEXT,
    options=_listed({"type": "object"}),
    type=_TEXT,
)
ANSWERS = {
    "create": _answered(_OBJECT),
    "read": _answered(_OBJECT),
    "update": _answered(_OBJECT),
    "upsert": _answered(_UPSERTED),
    "group": _open("archived label name", archived={"type": "boolean"}, label=_TEXT, name=_TEXT),
    "property": _PROPERTY,
    "properties": _open("results", results=_listed(_PROPERTY)),
    "owners": _open("results", results=_listed(_OWNER)),
}
"""What a 2xx has; a 207 is of the form with errors."""


WHEN = "2026-03-07T09:26:14.444Z"


def shown(own: str, record: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """An object with these of its properties."""
    properties = {name: record.get(name) for name in names}
    return {"id": own, "properties": properties, "createdAt": WHEN, "updatedAt": WHEN, "archived": False}


def missing(ids: list[str]) -> dict[str, Any]:
    """What stands among the errors of a batch for objects that are not there."""
    known = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects"}
    return {**known, "context": {"ids": ids}, "errors": [], "links": {}}


def answered(results: list[dict[str, Any]], errors: list[dict[str, Any]], status: int = 200) -> Answer:
    """The answer to a batch: multi-status where there are errors."""
    body = {"status": "COMPLETE", "startedAt": WHEN, "completedAt": WHEN, "results": results}
    return Answer(207, {**body, "numErrors": len(errors), "errors": errors}) if errors else Answer(status, body)


def described_property(name: str, *, unique: bool, read_only: bool) -> dict[str, Any]:
    """A property of text, as HubSpot shows it."""
    return {
        "name": name,
        "label": name,
        "description": "",
        "groupName": "g",
        "type": "string",
        "fieldType": "text",
        "options": [],
        "hasUniqueValue": unique,
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": read_only},
    }


_ERROR = _open("category correlationId message", category=_TEXT, correlationId=_TEXT, message=_TEXT)
_BATCH_PATH = re.compile(
    rf"/crm/objects/{VERSION}/(?:contacts|calls|emails|meetings)/batch/(create|read|update|upsert)"
)
_PROPERTIES_PATH = re.compile(rf"/crm/(properties)/{VERSION}/(?:contacts|calls|emails|meetings)")
_MADE_PATH = re.compile(rf"/crm/properties/{VERSION}/(?:contacts|calls|emails|meetings)(/groups)?")
_OWNERS_PATH = re.compile(rf"/crm/(owners)/{VERSION}\?(?:email=[^&]+&)?limit=\d+")


def operation_of(request: Request) -> str | None:
    """What of `ANSWERS` a request asks for; None: no such path is described."""
    if request.method == "POST" and (made := _MADE_PATH.fullmatch(request.path)):
        return "group" if made[1] else "property"
    paths = (_BATCH_PATH,) if request.method == "POST" else (_PROPERTIES_PATH, _OWNERS_PATH)
    found = next((match for path in paths if (match := path.fullmatch(request.path))), None)
    return found[1] if found and request.method in {"GET", "POST"} else None


def violations_of(request: Request) -> Iterator[str]:
    """What of a request is not as HubSpot describes it."""
    operation = operation_of(request)
    if operation is None:
        yield f"{request.method} {request.path}: not described"
    elif operation in REQUESTS:
        for error in Draft202012Validator(REQUESTS[operation]).iter_errors(request.json):
            yield f"{request.path}: {error.json_path}: {error.message}"


def violations_in(request: Request, answer: Answer) -> Iterator[str]:
    """What of an answer to it is not."""
    operation = operation_of(request)
    schema = ANSWERS[operation] if operation and answer.status < 300 else _ERROR
    for error in Draft202012Validator(schema).iter_errors(answer.body):
        yield f"answer to {request.path}: {error.json_path}: {error.message}"
