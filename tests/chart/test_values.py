"""Every value is described, allowed by the schema, and changes something: none is there for show."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chart.other_values import OTHER, VALUES, other
from tests.chart.rendering import CHART, Object, Refused, Rendered, Values, merged, render, shape

EXPOSED: Values = {
    "receiver": {
        "ingress": {"enabled": True, "hosts": ["a.example.com"]},
        "service": {"type": "LoadBalancer"},
        "autoscaling": {"enabled": True},
    },
    "workerDefaults": {"autoscaling": {"type": "hpa"}},
    "database": {"existingSecret": {"name": "d"}},
    "source": {"existingSecret": {"name": "k", "webhookSecretKey": "w"}},
}
CONTEXTS: list[Values] = [
    {},
    EXPOSED,
    shape("production"),
    shape("sentinel"),
    shape("cluster"),
    shape("external-secrets"),
    shape("sources-file"),
    shape("gateway"),
    shape("backfill"),
    shape("console"),
    shape("redis-parts"),
    shape("console-tokens"),
    shape("console-secret"),
    shape("operator"),
    shape("link-swap"),
    shape("files"),
    shape("warehouse"),
    {"linkSwap": {"enabled": True, "handler": "a:b"}},
    {"receiver": {"serviceAccount": {"create": False}}, "workerServiceAccount": {"create": False}},
]
"""What a value may need around it to have an effect."""

NEEDED = {"networkPolicy.kubernetesApi": "operator.enabled", "networkPolicy.salesloftApi": "operator.enabled"}
"""A value that a context says where others matter, which it does not say."""


def leaves(node: Values, path: str = "") -> Iterator[str]:
    """Dotted paths of everything in values.yaml that is described, deepest first described."""
    for name, value in node.items():
        here = f"{path}.{name}" if path else name
        whole = not isinstance(value, dict) or not value or here in OTHER or here.endswith(("labels", "Context"))
        if whole or name in {"resources", "labels"}:
            yield here
        else:
            yield from leaves(value, here)


def nested(path: str, value: Any) -> Values:
    """The value at its place."""
    for name in reversed(path.split(".")):
        value = {name: value}
    result: Values = value
    return result


def comparable(rendered: Rendered) -> list[Object]:
    """The objects without what is generated anew each time."""
    return [
        {**item, "data": sorted(item.get("data", {}))} if item["kind"] == "Secret" else item
        for item in rendered.objects
    ]


def said_about(path: str, context: Values) -> int:
    """How far a context follows the way to a value."""
    node: Any = context
    parents = NEEDED.get(path.rpartition(".")[0], path).split(".")[:-1]
    for depth, part in enumerate(parents):
        if not isinstance(node, dict) or part not in node:
            return depth
        node = node[part]
    return len(parents)


def effect(path: str) -> bool:
    """True when another value changes the objects in some context, or is refused by a sentence that names it."""
    for context in sorted(CONTEXTS, key=lambda context: -said_about(path, context)):  # likely ones first
        for value in (True, False) if isinstance(other(path), bool) else (other(path),):
            try:
                changed = render(merged(context, nested(path, value)))
            except Refused as refused:
                if path in str(refused) and "schema" not in str(refused):
                    return True
                continue
            if comparable(changed) != comparable(render(context)):
                return True
    return False


@pytest.mark.parametrize("path", list(leaves(VALUES)))
def test_a_value_changes_something(path: str) -> None:
    """Another value makes other objects."""
    assert effect(path)


def test_every_value_is_described() -> None:
    """Each value, or the map that holds it, has a sentence above it."""
    described, undescribed = [], []
    stack: list[tuple[int, str]] = []
    previous = ""
    for line in (CHART / "values.yaml").read_text("utf-8").splitlines():
        if match := re.match(r"^( *)([A-Za-z_]+):(.*)$", line):
            depth, name = len(match[1]), match[2]
            stack = [(d, n) for d, n in stack if d < depth]
            path = ".".join([*(n for _, n in stack), name])
            stack.append((depth, name))
            if re.match(r" *# -- .+", previous):
                described.append(path)
            elif match[3].strip() and not any(path.startswith(f"{parent}.") for parent in described):
                undescribed.append(path)
        if "# @" not in line:  # what helm-docs is told about the sentence above
            previous = line

    assert undescribed == []
    assert len(described) > 100
