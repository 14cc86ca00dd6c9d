"""Objects of Kubernetes, as far as the operator knows them. What else they hold is neither read nor written."""

import base64
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field


class OwnerReference(Struct, frozen=True):
    """An object that another one goes with. `uid` is as in `Metadata`."""

    uid: str


class Metadata(Struct, frozen=True, kw_only=True, rename="camel"):
    """What every object has.

    Attributes:
        name: Within its namespace and kind.
        namespace: Where it is.
        uid: Never that of another object, also after one of the same name was deleted.
        generation: Goes up when its `spec` changes.
        resource_version: Changes whenever anything in it does.
        creation_timestamp: Since when it is there.
        deletion_timestamp: Since when it is to go; None: it is not.
        finalizers: Who has to agree first.
        annotations: Remarks.
        labels: What it is found by.
        owner_references: What it goes with.
    """

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] = ()
    annotations: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    owner_references: tuple[OwnerReference, ...] = ()

    @property
    def wanted(self) -> tuple[object, ...]:
        """What changes when somebody wants something else of the object, and not when its status is written."""
        return self.uid, self.generation, self.deletion_timestamp, tuple(sorted(self.annotations.items()))


class Condition(Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that can be said of an object, as Kubernetes' conventions have it.

    Attributes:
        type: What is said.
        status: ``True``, ``False`` or ``Unknown``.
        reason: Why, in one word for programs.
        message: Why, for people.
        observed_generation: Of which `spec` it is said.
        last_transition_time: Since when `status` is so (RFC 3339).
    """

    type: str
    status: str
    reason: str
    message: str = ""
    observed_generation: int = 0
    last_transition_time: str = ""


class SubscriptionObject(Struct, frozen=True, kw_only=True):
    """A `SalesloftSubscription`. `spec` and `status` are as they are written: who reads them checks them."""

    metadata: Metadata
    spec: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)


class GroupObject(Struct, frozen=True, kw_only=True):
    """A `ConsumerGroup`. `spec` and `status` are as they are written: who reads them checks them."""

    metadata: Metadata
    spec: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)


class LeaseSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who leads, as client-go writes it.

    Attributes:
        holder_identity: Who; empty: nobody.
        lease_duration_seconds: How long others wait after its last change.
        acquire_time: Since when (RFC 3339 with six digits of microseconds).
        renew_time: When it was last renewed.
        lease_transitions: How often the holder was another one.
    """

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class LeaseObject(Struct, frozen=True, kw_only=True):
    """A `Lease`."""

    metadata: Metadata
    spec: LeaseSpec = field(default_factory=LeaseSpec)


class SecretObject:
    """A `Secret`. Its repr shows the names in it, and no value.

    Args:
        metadata: See there.
        data: By name in it, as Kubernetes has it: in base64.

    Attributes:
        data: The values.
    """

    __slots__ = ("data", "metadata")

    def __init__(self, metadata: Metadata, data: Mapping[str, str]) -> None:
        self.metadata = metadata
        self.data = {name: base64.b64decode(value) for name, value in data.items()}

    def __repr__(self) -> str:
        return f"SecretObject({self.metadata.name}: {', '.join(sorted(self.data))})"


Owner = SubscriptionObject | GroupObject
"""What an event, a status or a Secret belongs to."""
