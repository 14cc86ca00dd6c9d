"""Sources: who may post where, and with which keys.

Either one source named ``default``, made from environment variables, or those of ``SOURCES_FILE``::

    sources:
      - name: eu                      # metric label and log field
        path: /webhooks/eu
        callback_secret_file: /var/run/secrets/eu/callback-secret
      - name: relay
        path: /webhooks/relay
        envelope_secret: [new-value, old-value]
        timestamp_tolerance_seconds: 60

The file itself is read at start; the key files it names are followed (`keyring`). Relative names are relative to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from salesloft_webhooks.configuration_files import validated
from salesloft_webhooks.dialects import Authenticated, DialectKeys, Headers, authenticate, check_headers, key_kinds
from salesloft_webhooks.errors import ConfigurationError, RejectionReason, SignatureRejected
from salesloft_webhooks.receiver.keyring import Keyring, KeySetting
from salesloft_webhooks.receiver.source_entries import SourceEntry, SourceFields, read_sources_file
from salesloft_webhooks.settings import Settings

_VARIABLES: dict[str, str] = {
    "path": "SOURCE_PATH",
    **{kind.field: kind.setting for kind in key_kinds()},
    **{f"{kind.field}_file": f"{kind.setting}_FILE" for kind in key_kinds()},
}
"""Fields of a sources file by the environment variable that says the same of the default source."""


@dataclass(frozen=True)
class Source:
    """A configured sender.

    Attributes:
        name: Metric label, log field and part of every event.
        path: URL path it posts to.
        tolerance_seconds: How far a signed timestamp may lie from our clock.
        keyring: What it signs with.
    """

    name: str
    path: str
    tolerance_seconds: float
    keyring: Keyring = field(repr=False)

    @property
    def keys(self) -> DialectKeys:
        """The keys accepted now."""
        return self.keyring.current()

    def form_problem(self, headers: Headers, now: float) -> RejectionReason | None:
        """Why no body can make a delivery with these headers authentic; see `dialects.check_headers`."""
        try:
            check_headers(headers, self.keys, now, self.tolerance_seconds)
        except SignatureRejected as exc:
            return exc.reason
        return None

    def authenticate(self, headers: Headers, body: bytes, now: float) -> Authenticated:
        """Prove that a delivery comes from this source; see `dialects.authenticate`.

        Raises:
            SignatureRejected: it is not proven.
        """
        return authenticate(headers, body, self.keys, now, self.tolerance_seconds)


def load_sources(settings: Settings) -> tuple[Source, ...]:
    """The sources of ``SOURCES_FILE``, or else the one of the environment variables.

    Raises:
        ConfigurationError: naming the setting or field and what is wrong with it, never a key.
    """
    if settings.sources_file is None:
        return (_default_source(settings),)
    if keys := _keys_in_variables(settings):
        raise ConfigurationError(f"{_VARIABLES[next(iter(keys))]} and SOURCES_FILE contradict each other; set only one")
    folder = settings.sources_file.parent
    sources = tuple(
        _source(entry, settings, {name: f"SOURCES_FILE: {entry.name}: {name}" for name in _VARIABLES}, folder)
        for entry in read_sources_file(settings.sources_file)
    )
    _refuse_keys_in_two_roles(sources)
    return sources


def _default_source(settings: Settings) -> Source:
    keys = _keys_in_variables(settings)
    if not keys:
        raise ConfigurationError(
            f"there is no key: set one of {', '.join(kind.setting for kind in key_kinds())}, "
            "one of them with _FILE, or SOURCES_FILE"
        )
    written = {"name": "default", "path": settings.source_path, **keys}
    entry = validated(SourceEntry, written, lambda location: _VARIABLES[location])
    return _source(entry, settings, _VARIABLES, Path())


def _keys_in_variables(settings: Settings) -> dict[str, Any]:
    """The key settings that are set, under the names a sources file has for them."""
    # A kind of key without a setting can be had in a sources file all the same.
    written = {name: getattr(settings, _VARIABLES[name].lower(), None) for name in _VARIABLES if name != "path"}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in written.items()
        if value is not None
    }


def _source(entry: SourceFields, settings: Settings, names: Mapping[str, str], folder: Path) -> Source:
    key_settings = []
    for kind in key_kinds():
        name, values, file = kind.field, entry.values(kind), entry.file(kind)
        if values and file:
            raise ConfigurationError(f"{names[name]} and {names[name + '_file']} contradict each other; set only one")
        if file:
            key_settings.append(KeySetting(kind, names[name + "_file"], file=folder / file))
        elif values:
            key_settings.append(KeySetting(kind, names[name], values=values))
    tolerance = entry.timestamp_tolerance_seconds or settings.timestamp_tolerance_seconds
    return Source(entry.name, entry.path, tolerance, Keyring(entry.name, key_settings))


def _refuse_keys_in_two_roles(sources: Sequence[Source]) -> None:
    for one, other in permutations(sources, 2):
        for kind, another in permutations([kind.name for kind in key_kinds()], 2):
            if set(one.keys[kind]) & set(other.keys[another]):
                raise ConfigurationError(
                    f"SOURCES_FILE: one of the {kind} of {one.name} is one of the {another} of {other.name}"
                )
