"""An object whose keys the operator makes, as it is declared."""

from msgspec.structs import replace

from salesloft_webhooks.operator.key_secret import Place
from salesloft_webhooks.operator.managed_keys import ROTATE
from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.operator.specification import Specification, read_specification

PLACE = Place("salesloft-keys", "callback-secret")


def wanted(every: str | None = None, mode: str = "Manage") -> Specification:
    """What is declared, with a key that is used for so long."""
    rotation = {} if every is None else {"rotation": {"every": every}}
    return read_specification(
        {
            "callbackUrl": "https://hooks.example.com/webhooks/salesloft",
            "events": ["call_created"],
            "api": {"baseUrl": "https://api.salesloft.com/v2", "tokenSecretRef": {"name": "api", "key": "token"}},
            "keys": {"mode": mode, "secretRef": {"name": PLACE.secret, "key": PLACE.entry}},
            **rotation,
        }
    )


def asking(of: SubscriptionObject, rotate: str) -> SubscriptionObject:
    """The object, annotated so that another key is asked for."""
    return replace(of, metadata=replace(of.metadata, annotations={ROTATE: rotate} if rotate else {}))
