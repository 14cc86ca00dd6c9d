"""Names of our objects in Kubernetes. Whoever publishes the project under another domain changes `GROUP` alone."""

from enum import StrEnum

GROUP = "salesloft-webhooks.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FINALIZER = f"{GROUP}/subscription"
"""Keeps a `SalesloftSubscription` until ours are gone at SalesLoft."""
CREATED_BY = f"{GROUP}/created-by"
"""Label of objects that nobody declared; its value is `OPERATOR`."""
CONFIRM_TENANT = f"{GROUP}/confirm-tenant"
"""Annotation: the id of the team that the credentials may be of from now on."""
OPERATOR = "operator"
MANAGER = "salesloft-webhooks-operator"
"""Who has written a field, and who reports an event."""


class Kind(StrEnum):
    """The kinds of objects whose changes are waited for."""

    SUBSCRIPTION = "SalesloftSubscription"
    GROUP = "ConsumerGroup"
    SECRET = "Secret"  # noqa: S105 - a kind, no password


PLURALS = {
    Kind.SUBSCRIPTION: "salesloftsubscriptions",
    Kind.GROUP: "consumergroups",
    Kind.SECRET: "secrets",
}
