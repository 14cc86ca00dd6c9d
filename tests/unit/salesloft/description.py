"""Reads what SalesLoft has published (`published/`)."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

PUBLISHED = Path(__file__).parent / "published"
API = yaml.safe_load((PUBLISHED / "openapi.yaml").read_text("utf-8"))
GUIDES = yaml.safe_load((PUBLISHED / "guides.yaml").read_text("utf-8"))
SUBSCRIPTIONS = "/v2/webhook_subscriptions"
TYPES = {"integer": int, "string": str, "boolean": bool, "array": list, "object": dict}


def listed(path: str) -> dict[str, Any]:
    """The operation that lists records, by its path in our tables."""
    operation: dict[str, Any] = API["paths"][f"/v2{path}.json"]["get"]
    return operation


def parameter(path: str, name: str) -> str:
    """What the description says of a parameter; empty if there is none."""
    found = [each["description"] for each in listed(path)["parameters"] if each["name"] == name]
    return found[0] if found else ""


def choices(sentence: str) -> tuple[tuple[str, ...], str]:
    """What a sentence allows, and what it says is the default."""
    match = re.search(r"must be one of: (.+)\. Defaults to (\w+)", sentence)
    assert match
    return tuple(match[1].split(", ")), match[2]


def schema_of(path: str) -> dict[str, Any]:
    """The properties of a list's records."""
    items = listed(path)["responses"]["200"]["content"]["*/*"]["schema"]["items"]
    return resolved(items)


def resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that a reference stands for."""
    found: dict[str, Any] = API["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
    return found


def misfits(record: Mapping[str, Any], properties: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Each field that the schema does not have, or has with another type. Anything may be null."""
    for name, value in record.items():
        schema = properties.get(name)
        if schema is None:
            yield f"{where}{name}: not published"
        elif value is not None and "$ref" in schema:
            yield from misfits(value, resolved(schema), f"{where}{name}.")
        elif value is not None and type(value) is not TYPES[schema["type"]]:
            yield f"{where}{name}: {type(value).__name__} is no {schema['type']}"
        elif value is not None and schema.get("format") == "date-time":
            assert datetime.fromisoformat(str(value)).utcoffset() is not None
