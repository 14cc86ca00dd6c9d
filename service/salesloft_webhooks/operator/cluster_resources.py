"""The kinds of objects, as the client wants them described: plain JSON, which `objects` gives a shape.

The client's own classes are not used: they write a time without microseconds when these are zero, which the server
refuses in a lease, and they read what we do not need.
"""

from typing import Any, TypeVar

import msgspec
from lightkube.core.resource import ApiInfo, ResourceDef
from lightkube.generic_resource import GenericGlobalResource, GenericNamespacedResource, GenericNamespacedStatus

from salesloft_webhooks.operator.api_group import GROUP, PLURALS, VERSION, Kind

Shape = TypeVar("Shape")
_VERBS = ["get", "list", "watch", "post", "put", "patch", "delete"]


def _resource(group: str, version: str, kind: str, plural: str) -> ApiInfo:
    return ApiInfo(resource=ResourceDef(group, version, kind), plural=plural, verbs=_VERBS)


def _status(main: ApiInfo) -> ApiInfo:
    return ApiInfo(resource=main.resource, parent=main.resource, plural=main.plural, verbs=["patch"], action="status")


_SUBSCRIPTIONS = _resource(GROUP, VERSION, Kind.SUBSCRIPTION, PLURALS[Kind.SUBSCRIPTION])
_GROUPS = _resource(GROUP, VERSION, Kind.GROUP, PLURALS[Kind.GROUP])


class Subscriptions(GenericNamespacedResource):
    """`SalesloftSubscription`."""

    _api_info = _SUBSCRIPTIONS


class SubscriptionStatuses(GenericNamespacedStatus):
    """Its `/status`."""

    _api_info = _status(_SUBSCRIPTIONS)


class Groups(GenericNamespacedResource):
    """`ConsumerGroup`."""

    _api_info = _GROUPS


class GroupStatuses(GenericNamespacedStatus):
    """Its `/status`."""

    _api_info = _status(_GROUPS)


class Secrets(GenericNamespacedResource):
    """`Secret`."""

    _api_info = _resource("", "v1", Kind.SECRET, PLURALS[Kind.SECRET])


class Namespaces(GenericGlobalResource):
    """`Namespace`."""

    _api_info = _resource("", "v1", "Namespace", "namespaces")


class Leases(GenericNamespacedResource):
    """`Lease`."""

    _api_info = _resource("coordination.k8s.io", "v1", "Lease", "leases")


class Events(GenericNamespacedResource):
    """`Event` of `events.k8s.io`."""

    _api_info = _resource("events.k8s.io", "v1", "Event", "events")


RESOURCES: dict[Kind, type[GenericNamespacedResource]] = {
    Kind.SUBSCRIPTION: Subscriptions,
    Kind.GROUP: Groups,
    Kind.SECRET: Secrets,
}
STATUSES: dict[Kind, type[GenericNamespacedStatus]] = {
    Kind.SUBSCRIPTION: SubscriptionStatuses,
    Kind.GROUP: GroupStatuses,
}


def shaped(found: Any, shape: type[Shape]) -> Shape:
    """An object in one of our shapes.

    Raises:
        msgspec.ValidationError: it is not one.
    """
    return msgspec.convert(dict(found), shape)
