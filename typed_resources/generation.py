"""The files of `salesloft_webhooks.resources`, from the description and `kinds`."""

import re
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from pathlib import Path
from typing import Any

import yaml

from salesloft_webhooks.dialects.names import KNOWN_EVENT_TYPES
from salesloft_webhooks.resource_kinds import kind_of
from typed_resources.kinds import LEFT_OUT, PARTS, SCHEMAS, SENTENCES, UNPUBLISHED

DESCRIPTION = Path(__file__).parents[1] / "tests/unit/salesloft/published/openapi.yaml"
FOLDER = "service/salesloft_webhooks/resources"
GENERATED = "Generated from SalesLoft's description of its API: `make docs`."
PACKAGE = "salesloft_webhooks.resources"
IN_EVERY_RESOURCE = {"id", "person_id", "created_at", "updated_at"}
SCALARS = {"string": "str", "integer": "int", "boolean": "bool", "object": "Mapping[str, Any]"}


def files() -> dict[str, str]:
    """Path in the checkout -> text."""
    schemas = yaml.safe_load(DESCRIPTION.read_text("utf-8"))["components"]["schemas"]
    modules = {_module(name): _resource_module(name, schemas) for name in dict.fromkeys(SCHEMAS.values())}
    modules["event_types"] = _event_types()
    modules["__init__"] = _package()
    return {f"{FOLDER}/{name}.py": text for name, text in modules.items()}


def _module(name: str) -> str:
    if name == "Step":
        return "cadence_step"  # `subscriptions/steps.py` are others
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _properties(name: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {**schemas[name]["properties"], **UNPUBLISHED.get(name, {})}
    return {field: found[field] for field in sorted(found) if field not in LEFT_OUT}


def _resource_module(name: str, schemas: Mapping[str, Any]) -> str:
    properties = {f: s for f, s in _properties(name, schemas).items() if f not in IN_EVERY_RESOURCE}
    parts = {ref: PARTS.get(ref, ref) for schema in properties.values() if (ref := _reference(schema))}
    own = {ref: ours for ref, ours in sorted(parts.items()) if ours != "Reference"}
    shared = {ours for ours in own.values() if ours == "Recording" and name != "Call"}
    classes = [
        _class(
            ours,
            "Part",
            "How often each happened." if ours.endswith("Counts") else "Part of a resource.",
            _properties(ref, schemas),
        )
        for ref, ours in own.items()
        if ours not in shared
    ]
    body = "\n\n".join([*classes, _class(name, "Resource", SENTENCES[name], properties)])
    return f'"""{name}. {GENERATED}"""\n\n{_imports(body, shared)}\n\n\n{body}'


def _imports(body: str, shared: set[str]) -> str:
    lines = []
    if "Mapping[" in body:
        lines += ["from collections.abc import Mapping", "from typing import Any", ""]
    lines += [f"from {PACKAGE}.call import {name}" for name in sorted(shared)]
    ours = [name for name in ("Part", "Reference", "Resource", "Time") if re.search(rf"\b{name}\b", body)]
    return "\n".join([*lines, f"from {PACKAGE}.reading import {', '.join(ours)}"])


def _class(name: str, base: str, sentence: str, properties: Mapping[str, Any]) -> str:
    renamed = {_attribute(field): field for field in properties if _attribute(field) != field}
    rename = f", rename={renamed}".replace("'", '"') if renamed else ""
    lines = [f"    {_attribute(field)}: {_type(field, schema)} | None = None" for field, schema in properties.items()]
    head = f'class {name}({base}, frozen=True, kw_only=True{rename}):\n    """{sentence}"""\n\n'
    return head + "\n".join(lines) + "\n"


def _attribute(field: str) -> str:
    return f"{field}_" if iskeyword(field) else field.lstrip("_")


def _reference(schema: Mapping[str, Any]) -> str:
    found = schema.get("$ref") or (schema.get("items") or {}).get("$ref", "")
    return str(found).rpartition("/")[2]


def _type(field: str, schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return PARTS.get(_reference(schema), _reference(schema))
    if schema["type"] == "array":
        return f"tuple[{_type(field, schema['items'])}, ...]" if schema["items"] else "tuple[str, ...]"
    # Times of meetings are published as dates, with examples that are times.
    if schema.get("format") == "date-time" or (schema.get("format") == "date" and not field.endswith("_date")):
        return "Time"
    return SCALARS[schema["type"]]


def _event_types() -> str:
    classes = dict.fromkeys(SCHEMAS.values())
    imports = [f"from {PACKAGE}.{_module(name)} import {name}" for name in sorted(classes, key=_module)]
    imports += [f"from {PACKAGE}.reading import Resource"]
    lines = ["from salesloft_webhooks.resource_kinds import EventType", *sorted(imports)]
    names = [f'{_constant(name)}: EventType[{_class_of(name)}] = EventType("{name}")' for name in _types()]
    intro = f'"""Every known event type and its resource. {GENERATED}"""'
    return "\n".join([intro, "", *lines, "", *names, ""])


def _types() -> Iterator[str]:
    yield from sorted(KNOWN_EVENT_TYPES)


def _constant(event_type: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"[._]", event_type))


def _class_of(event_type: str) -> str:
    return SCHEMAS.get(kind_of(event_type), "Resource")


def _package() -> str:
    classes = sorted(set(SCHEMAS.values()))
    constants = sorted(_constant(name) for name in _types())
    imports = [f"from {PACKAGE}.{_module(name)} import {name}" for name in sorted(classes, key=_module)]
    imports.append(f"from {PACKAGE}.reading import Reference, Resource, Time, read")
    imports.append(f"from {PACKAGE}.event_types import (\n" + "".join(f"    {name},\n" for name in constants) + ")")
    everything = sorted({*classes, *constants, "Reference", "Resource", "Time"})
    return "\n".join(
        [
            f'"""SalesLoft\'s resources as types. {GENERATED}"""',
            "",
            "from collections.abc import Mapping",
            "from types import MappingProxyType",
            "from typing import Any",
            "",
            "from salesloft_webhooks.resource_kinds import kind_of",
            *sorted(imports),
            "",
            "__all__ = [",
            *(f'    "{name}",' for name in everything),
            "]",
            "",
            "BY_KIND: Mapping[str, type[Resource]] = MappingProxyType(",
            "    {",
            *(f'        "{kind}": {name},' for kind, name in SCHEMAS.items()),
            "    }",
            ")",
            "",
            "",
            "def resource_of(event_type: str, json: bytes) -> Any:",
            '    """The resource of an event as its kind\'s type; a `Resource` where none is published."""',
            "    return read(BY_KIND.get(kind_of(event_type), Resource), json)",
            "",
        ]
    )
