"""What is fuzzed, by name."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from tests.fuzz.search import Target

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "signatures": "deliveries",
        "events": "deliveries",
        "heads": "messages",
        "bodies": "messages",
        "requests": "requests",
        "settings": "configuration",
        "sources": "configuration",
        "handlers": "configuration",
        "declarations": "configuration",
        "addresses": "addresses",
        "databases": "addresses",
        "patterns": "patterns",
        "filters": "filters",
        "timestamps": "texts",
        "texts": "texts",
        "commands": "commands",
        "entries": "entries",
    }
)
"""The module of this folder that each target's function is in, under the target's name in upper case."""


def target(name: str) -> Target:
    """The target of that name; what it needs is imported."""
    found: Target = getattr(import_module(f"tests.fuzz.targets.{MODULES[name]}"), name.upper())
    return found
