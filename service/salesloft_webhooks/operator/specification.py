"""What a `SalesloftSubscription` declares: what the command reads too, and what only the operator needs."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from salesloft_webhooks.configuration_files import validated
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.subscriptions import Declaration
from salesloft_webhooks.subscriptions.declaration import Spec, declared

LEAST_HOURS = 24


class KeysMode(StrEnum):
    """Who writes the Secret with the keys."""

    OBSERVE = "Observe"
    """Somebody else."""
    MANAGE = "Manage"
    """The operator."""


class SecretReference(Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of a Secret in the object's namespace."""

    name: str
    key: str


class OAuth(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A private app's login."""

    client_id: str
    client_secret_ref: SecretReference
    token_url: str


class Api(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How to log in to SalesLoft's API: by a token, or as a private app."""

    base_url: str
    token_secret_ref: SecretReference | None = None
    oauth: OAuth | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where credentials are sent."""
        return (self.base_url,) if self.oauth is None else (self.base_url, self.oauth.token_url)

    @property
    def secret(self) -> SecretReference:
        """Where the token, or the app's secret, is.

        Raises:
            ConfigurationError: neither is said, or both.
        """
        if (self.token_secret_ref is None) is (self.oauth is None):
            raise ConfigurationError("spec.api needs either tokenSecretRef or oauth")
        if self.token_secret_ref is not None:
            return self.token_secret_ref
        assert self.oauth is not None  # noqa: S101 - one of the two is there
        return self.oauth.client_secret_ref


class Keys(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The keys that sign deliveries: one entry of a Secret, separated by commas."""

    secret_ref: SecretReference
    mode: KeysMode = KeysMode.OBSERVE


class Rotation(Struct, frozen=True, forbid_unknown_fields=True):
    """When keys change. `every` is as it is written: hours, such as ``2160h``."""

    every: str

    @property
    def seconds(self) -> float:
        """How long a key is used.

        Raises:
            ConfigurationError: it is not written as the definition has it, or too short for a rotation to end.
        """
        hours, unit, rest = self.every.partition("h")
        if not unit or rest or not (hours.isascii() and hours.isdigit()) or int(hours) < LEAST_HOURS:
            raise ConfigurationError(f"spec.rotation.every must be hours, at least {LEAST_HOURS}h")
        return int(hours) * 3600.0


class Specification(Struct, frozen=True, kw_only=True):
    """All of it."""

    declaration: Declaration
    api: Api
    keys: Keys
    rotation: Rotation | None = None


def read_specification(spec: Mapping[str, Any]) -> Specification:
    """What an object's `spec` declares.

    Raises:
        ConfigurationError: something in it is missing, wrong or unknown: the server's definition is older or newer.
    """
    declaration = declared(validated(Spec, dict(spec), lambda name: f"spec.{name}"))
    problem = ""
    try:
        found = Specification(
            declaration=declaration,
            api=msgspec.convert(spec.get("api") or {}, Api),
            keys=msgspec.convert(spec.get("keys") or {}, Keys),
            rotation=msgspec.convert(spec.get("rotation"), Rotation | None),
        )
    except msgspec.ValidationError as exc:
        problem = f"spec.api, spec.keys or spec.rotation: {exc}"
    if problem:
        raise ConfigurationError(problem)
    _ = found.api.secret, found.rotation and found.rotation.seconds  # raise where they are wrong
    return found


def keys_of(spec: Mapping[str, Any]) -> Keys | None:
    """Where an object's keys are, whatever else it declares; None: it does not say so, or not as it is read here."""
    try:
        return msgspec.convert(spec.get("keys"), Keys)
    except msgspec.ValidationError:
        return None


def secret_names(spec: Mapping[str, Any]) -> Iterator[str]:
    """Names of the Secrets that an object depends on; of one that declares nothing readable, none."""
    try:
        found = read_specification(spec)
    except ConfigurationError:
        return
    yield found.api.secret.name
    yield found.keys.secret_ref.name
