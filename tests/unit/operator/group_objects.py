"""`ConsumerGroup` objects for tests."""

from typing import Any

from salesloft_webhooks.operator.api_group import CREATED_BY, OPERATOR
from salesloft_webhooks.operator.objects import GroupObject, Metadata


def group_object(
    name: str = "crm",
    *,
    created: bool = False,
    deleting: bool = False,
    status: dict[str, Any] | None = None,
    **spec: Any,
) -> GroupObject:
    """One in the namespace `salesloft`, created by the operator or declared by somebody."""
    metadata = Metadata(
        name=name,
        namespace="salesloft",
        uid=f"uid-of-{name}",
        generation=1,
        deletion_timestamp="2026-11-29T10:00:00Z" if deleting else None,
        labels={CREATED_BY: OPERATOR} if created else {},
    )
    return GroupObject(metadata=metadata, spec=spec, status=status or {})
