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
from salesloft_webhooks.dialects import Authenticated, DialectKeys, Headers, authenticate, check_form
from salesloft_webhooks.errors import ConfigurationError, RejectionReason, SignatureRejected
from salesloft_webhooks.receiver.keyring import KeyKind, Keyring, KeySetting
from salesloft_webhooks.receiver.source_entries import KeyField, SourceEntry, read_sources_file
from salesloft_webhooks.settings import Settings

_KINDS: dict[KeyField, KeyKind] = {
    "envelope_secret": "envelope_secrets",
    "callback_token": "callback_tokens",
    "callback_secret": "callback_secrets",
}
_VARIABLES: dict[str, str] = {
    "path": "SOURCE_PATH",
    "envelope_secret": "SALESLOFT_WEBHOOK_SECRET",
    "envelope_secret_file": "SALESLOFT_WEBHOOK_SECRET_FILE",
    "callback_token": "SALESLOFT_CALLBACK_TOKEN",
    "callback_token_file": "SALESLOFT_CALLBACK_TOKEN_FILE",
    "callback_secret": "SALESLOFT_CALLBACK_SECRET",
    "callback_secret_file": "SALESLOFT_CALLBACK_SECRET_FILE",
}


@dataclass(frozen=True)
class Source:
    """A configured sender.

    Attributes:
        name: Metric label, log field and part of every event.
        path: URL path it posts to.
        tolerance_seconds: Envelope dialect: how far a timestamp may lie from our clock.
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
        """Why no body can make a delivery with these headers authentic; see `dialects.check_form`."""
        try:
            check_form(headers, self.keys, now, self.tolerance_seconds)
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
            "there is no key: set SALESLOFT_WEBHOOK_SECRET, SALESLOFT_CALLBACK_SECRET or SALESLOFT_CALLBACK_TOKEN, "
            "one of them with _FILE, or SOURCES_FILE"
        )
    written = {"name": "default", "path": settings.source_path, **keys}
    entry = validated(SourceEntry, written, lambda location: _VARIABLES[location])
    return _source(entry, settings, _VARIABLES, Path())


def _keys_in_variables(settings: Settings) -> dict[str, Any]:
    """The key settings that are set, under the names a sources file has for them."""
    written = {name: getattr(settings, _VARIABLES[name].lower()) for name in _VARIABLES if name != "path"}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in written.items()
        if value is not None
    }


def _source(entry: SourceEntry, settings: Settings, names: Mapping[str, str], folder: Path) -> Source:
    key_settings = []
    for name, kind in _KINDS.items():
        values, file = entry.values(name), entry.file(name)
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
        for kind, another in permutations(_KINDS.values(), 2):
            if set(getattr(one.keys, kind)) & set(getattr(other.keys, another)):
                raise ConfigurationError(
                    f"SOURCES_FILE: one of the {kind} of {one.name} is one of the {another} of {other.name}"
                )
