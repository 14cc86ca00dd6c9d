"""Strict JSON schemas, made from what Kubernetes and the operators publish: an unknown field is an error.

Kubernetes publishes OpenAPI 2 (``swagger.json``), operators publish CustomResourceDefinitions. Neither forbids unknown
fields, because the API server prunes them; a chart's typo must fail instead. Files are laid out for kubeconform::

    <version>/<kind>-<group>-<version>.json        built-in kinds, once per Kubernetes version
    custom/<group>/<kind>_<version>.json           custom resources
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Schema = dict[str, Any]

_INT_OR_STRING: Schema = {"type": ["integer", "string"]}
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_REFERENCE = "#/definitions/"


def strict(node: Any, *, partial: bool = False) -> Any:
    """The same schema with unknown fields forbidden wherever the known ones are listed.

    ``partial`` is true inside ``anyOf`` and its like, which list only some of the fields.
    """
    if isinstance(node, list):
        return [strict(item, partial=partial) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "int-or-string" or node.get("x-kubernetes-int-or-string"):
        return dict(_INT_OR_STRING)
    result = {key: _strict_keyword(key, value, partial=partial) for key, value in node.items()}
    if result.pop("nullable", False) and "type" in result:
        result["type"] = [result["type"], "null"]
    open_ended = node.get("x-kubernetes-preserve-unknown-fields") or node.get("x-kubernetes-embedded-resource")
    if isinstance(node.get("properties"), dict) and not open_ended and not partial:
        result.setdefault("additionalProperties", False)
    return result


def _strict_keyword(key: str, value: Any, *, partial: bool) -> Any:
    if key in {"properties", "definitions", "patternProperties"} and isinstance(value, dict):
        return {name: strict(schema, partial=partial) for name, schema in value.items()}
    if key in {"items", "additionalProperties"}:
        return strict(value, partial=partial)
    if key in {"anyOf", "allOf", "oneOf", "not"}:
        return strict(value, partial=True)
    return value


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REFERENCE)
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def _reachable(name: str, definitions: dict[str, Schema]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found[current] = definitions[current]
            waiting.extend(_references(definitions[current]))
    return found


def write_built_in(swagger: Path, target: Path) -> None:
    """Write one self-contained schema per kind of a Kubernetes version's ``swagger.json``."""
    definitions = strict({"definitions": json.loads(swagger.read_text("utf-8"))["definitions"]})["definitions"]
    definitions[_QUANTITY] = {"type": ["string", "number"]}
    target.mkdir(parents=True, exist_ok=True)
    for name, definition in definitions.items():
        kinds = definition.get("x-kubernetes-group-version-kind", [])
        if len(kinds) != 1 or "kind" not in definition.get("properties", {}):
            continue  # options and the like, which nobody writes into a manifest
        group, version, kind = kinds[0]["group"], kinds[0]["version"], kinds[0]["kind"]
        named = dict(definition, required=sorted({*definition.get("required", []), "apiVersion", "kind"}))
        content = {
            "$ref": _REFERENCE + name,
            "definitions": _reachable(name, {**definitions, name: named}),
        }
        suffix = f"-{group.split('.')[0]}-{version}" if group else f"-{version}"
        (target / f"{kind.lower()}{suffix}.json").write_text(json.dumps(content), "utf-8")


def write_custom(definition_file: Path, target: Path) -> None:
    """Write one schema per served version of every CustomResourceDefinition in the file."""
    for definition in yaml.load_all(definition_file.read_text("utf-8"), Loader=yaml.CSafeLoader):
        if not definition or definition.get("kind") != "CustomResourceDefinition":
            continue
        spec = definition["spec"]
        directory = target / spec["group"]
        directory.mkdir(parents=True, exist_ok=True)
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["required"] = sorted({*schema.get("required", []), "apiVersion", "kind", "metadata"})
            file = directory / f"{spec['names']['kind'].lower()}_{version['name']}.json"
            file.write_text(json.dumps(schema), "utf-8")
