"""Settings, and the files that people write."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from salesloft_webhooks import settings as settings_module
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin import configuration
from salesloft_webhooks.receiver.sources import load_sources
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.subscriptions import declaration
from tests.fuzz.bounds import SECRET, refusing
from tests.fuzz.search import Target, words_in

_KEPT = dict(os.environ)
_VARIABLES = [name.upper() for name in Settings.model_fields]


@cache
def _file() -> Path:
    """Where a file to be read is written to, one for each process."""
    return Path(mkdtemp()) / "written.yaml"


def _written(data: bytes) -> Path:
    _file().write_bytes(data)
    return _file()


def _check_settings(data: bytes) -> None:
    """Lines ``NAME=value`` are the environment."""
    try:
        for line in data.decode("utf-8", "replace").replace("\0", "").split("\n"):
            name, equals, value = line.partition("=")
            if equals and name in _VARIABLES:
                os.environ[name] = value
        with refusing(ConfigurationError):
            settings = Settings.load()
            shown = repr(settings)
            for no_secret in (settings.redis_username, settings.backfill_resources):
                shown = shown.replace(repr(no_secret), "")
            assert SECRET not in shown, "a secret is shown"
            load_sources(settings)
    finally:
        for name in _VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(_KEPT)


def _checking(read: Callable[[Path], object]) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        with refusing(ConfigurationError):
            assert SECRET not in repr(read(_written(data))), "a secret is shown"

    return check


def _sources(path: Path) -> object:
    return load_sources(Settings.load(sources_file=path))


def _handlers(path: Path) -> object:
    return configuration.load_configuration(Settings.load(handlers_file=path))


def _declared(path: Path) -> None:
    declaration.load_declaration("--file", path)


def _fields(schema: object) -> list[str]:
    """Every name that a field has anywhere in a schema."""
    if isinstance(schema, dict):
        named = list(schema.get("properties", {}))
        return named + [name for value in schema.values() for name in _fields(value)]
    return [name for value in schema for name in _fields(value)] if isinstance(schema, list) else []


_YAML = [
    *(
        b"!!int ",
        b"!!bool ",
        b"!!float ",
        b"!!timestamp ",
        b"!!binary ",
        b"!!set ",
        b"!!omap ",
        b"!!null ",
        b"&a ",
        b"*a",
    ),
    *(b"<<: ", b"- ", b": ", b"? ", b"|\n ", b">\n ", b"---\n", b'""', b"''", b"{}", b"[]", b'"\\0"', b'"\\ud800"'),
    *(
        b"${",
        b"}",
        b"${file:",
        b"${HOME}",
        b"${NOT_SET}",
        b"2026-13-45",
        b"0x1f",
        b"1:30",
        b"~",
        b"yes",
        b"\n  ",
        b"!x ",
    ),
    SECRET.encode(),
]
_LIBRARIES = ("salesloft_webhooks.configuration_files", "yaml")
_KEYS = [
    b"sources:\n- name: eu\n  path: /eu\n  envelope_secret: ",
    b"  callback_token: ",
    b"  callback_secret_file: ",
    b"  standard_webhooks_secret: [whsec_c2VjcmV0IG9mIHRoZSBmdXp6LCBudW1iZXIgMQ==]\n",
    b"  timestamp_tolerance_seconds: ",
]
SETTINGS = Target(
    _check_settings,
    (
        "salesloft_webhooks.settings",
        "salesloft_webhooks.environment",
        "salesloft_webhooks.receiver",
        "salesloft_webhooks.dialects",
    ),
    [
        *(f"\n{name}=".encode() for name in _VARIABLES),
        f"\nSALESLOFT_WEBHOOK_SECRET={SECRET}".encode(),
        *words_in(settings_module),
        SECRET.encode(),
    ],
)
SOURCES = Target(
    _checking(_sources),
    (*_LIBRARIES, "salesloft_webhooks.receiver", "salesloft_webhooks.dialects.key_texts"),
    [*_YAML, *_KEYS],
)
HANDLERS = Target(
    _checking(_handlers),
    (*_LIBRARIES, "salesloft_webhooks.handlers.builtin.configuration", "salesloft_webhooks.event_patterns"),
    [
        *_YAML,
        *words_in(configuration),
        *(f"{name}: ".encode() for name in _fields(configuration.HandlersConfiguration.model_json_schema())),
    ],
)
DECLARATIONS = Target(
    _checking(_declared),
    (*_LIBRARIES, "salesloft_webhooks.subscriptions"),
    [
        *_YAML,
        b"kind: SalesloftSubscription\nspec:\n  callbackUrl: https://a/b\n  events: [person_updated]\n",
        *(f"  {each.alias or name}: ".encode() for name, each in declaration.Spec.model_fields.items()),
        *(b"https://", b"http://localhost:1/x?y", b"link_swap", b"email_updated", b"enabled: true", b"Retain"),
    ],
)
