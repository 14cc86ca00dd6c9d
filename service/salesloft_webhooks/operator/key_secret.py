"""A Secret with keys that the operator makes: what is in it, and what its annotations remember."""

from contextlib import suppress

from msgspec import Struct

from salesloft_webhooks.dialects import key_kinds
from salesloft_webhooks.dialects.key_texts import key_problem, split_keys
from salesloft_webhooks.dialects.signatures import fingerprint
from salesloft_webhooks.operator.api_group import CREATED_BY, GROUP, OPERATOR
from salesloft_webhooks.operator.key_rotation import Held
from salesloft_webhooks.operator.objects import SecretObject, SubscriptionObject
from salesloft_webhooks.operator.times import unix_seconds
from salesloft_webhooks.subscriptions.signing_keys import MASTER_KEYS

KEYS_OF = f"{GROUP}/keys-of"
"""The name of the object it was made for."""
KEY_SINCE, KEYS_WRITTEN, ROTATED_FOR = f"{GROUP}/key-since", f"{GROUP}/keys-written", f"{GROUP}/rotated-for"
"""See `Held`."""

Keys = tuple[bytes, ...]


class Place(Struct, frozen=True):
    """Where an object's keys are: a Secret, and the entry in it."""

    secret: str
    entry: str


def keys_in(found: SecretObject, place: Place) -> Keys:
    """The usable keys; none at all if receivers would refuse what is there."""
    keys = split_keys(found.data.get(place.entry, b""))
    [kind] = [each for each in key_kinds() if each.name == MASTER_KEYS]
    return () if key_problem(keys, kind) else keys


def held(found: SecretObject, place: Place, of: SubscriptionObject) -> Held:
    """What is in a Secret, as seen by an object that names it."""
    about, said = found.metadata, found.metadata.annotations
    return Held(
        keys=fingerprints(keys_in(found, place)),
        written=tuple(filter(None, said.get(KEYS_WRITTEN, "").split(","))),
        since=_seconds(said.get(KEY_SINCE, "")),
        rotated_for=said.get(ROTATED_FOR, ""),
        ours=about.labels.get(CREATED_BY) == OPERATOR and said.get(KEYS_OF) == of.metadata.name,
        owned=any(each.uid == of.metadata.uid for each in about.owner_references),
    )


def remarks(of: SubscriptionObject, keys: Keys) -> dict[str, str]:
    """The annotations of a Secret with these keys."""
    return {KEYS_OF: of.metadata.name, KEYS_WRITTEN: ",".join(fingerprints(keys))}


def fingerprints(keys: Keys) -> tuple[str, ...]:
    """Those of keys, in order."""
    return tuple(fingerprint(key) for key in keys)


def _seconds(written: str) -> float | None:
    with suppress(ValueError):
        return unix_seconds(written)
    return None
