"""What a `ConsumerGroup` says: of which group, its pause and its limits, and which of several objects is believed."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.limits import MOST_RUNNING, Rate, SaidLimits
from salesloft_webhooks.operator.api_group import CREATED_BY, OPERATOR
from salesloft_webhooks.operator.declared_pause import DeclaredPause
from salesloft_webhooks.operator.objects import GroupObject

LONGEST_REASON = 256
LONGEST_NAME = 253
MOST_HANDLERS = 100
"""Whose limits one object declares."""
_OBJECT_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+", re.ASCII)


class LimitSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A limit. What is absent is said elsewhere: by hand, or by authors.

    Attributes:
        max_running: So many run at once, in all workers together.
        rate: So many begin: ``100/min``.
    """

    max_running: Annotated[int, Meta(ge=1, le=MOST_RUNNING)] | None = None
    rate: str | None = None

    def said(self, by: str) -> SaidLimits:
        """The same, said by this object.

        Raises:
            ConfigurationError: the rate is none.
        """
        if self.max_running is None and self.rate is None:
            return SaidLimits()
        rate = UNSET if self.rate is None else Rate.parse(self.rate)
        return SaidLimits(UNSET if self.max_running is None else self.max_running, rate, by)


class HandlerLimitSpec(LimitSpec, frozen=True, kw_only=True, rename="camel"):
    """The limit of a handler.

    Attributes:
        name: The handler's.
    """

    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]


class LimitsSpec(LimitSpec, frozen=True, kw_only=True, rename="camel"):
    """The `limits` of a `ConsumerGroup`: its attempts.

    Attributes:
        handlers: The limits of its handlers.
    """

    handlers: Annotated[tuple[HandlerLimitSpec, ...], Meta(max_length=MOST_HANDLERS)] = ()


class GroupSpec(Struct, frozen=True, kw_only=True):
    """The `spec` of a `ConsumerGroup`. What is absent is managed elsewhere.

    Attributes:
        group: The group's name, where it is not the object's own.
        paused: Whether it is to take nothing. False is as good as absent: it ends no pause but the object's own.
        reason: Why, in one line for people.
        until: When it goes on by itself.
        limits: What limits it.
    """

    group: str | None = None
    paused: bool | None = None
    reason: str | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None
    limits: LimitsSpec | None = None


class Declaration(Struct, frozen=True, kw_only=True):
    """What an object declares.

    Attributes:
        group: Of which group.
        pause: The pause, over or not; None: none.
        limits: The limits.
        handler_limits: The limits of handlers, by name.
        unreadable: Why it cannot be read; empty: it can.
    """

    group: str
    pause: DeclaredPause | None = None
    limits: SaidLimits = SaidLimits()
    handler_limits: Mapping[str, SaidLimits] = {}
    unreadable: str = ""


def declaration(of: GroupObject) -> Declaration:
    """What an object declares; one that is being deleted declares nothing any more."""
    name, namespace = of.metadata.name, of.metadata.namespace
    try:
        spec = msgspec.convert(of.spec, GroupSpec)
        limits, by = spec.limits or LimitsSpec(), f"{namespace}/{name}"
        of_group, of_handlers = limits.said(by), {each.name: each.said(by) for each in limits.handlers}
    except (msgspec.ValidationError, ConfigurationError) as exc:
        named = of.spec.get("group")
        return Declaration(group=named if isinstance(named, str) and named else name, unreadable=f"spec: {exc}")
    if of.metadata.deletion_timestamp:
        return Declaration(group=spec.group or name)
    pause = _pause(spec, by) if spec.paused else None
    return Declaration(group=spec.group or name, pause=pause, limits=of_group, handler_limits=of_handlers)


def _pause(spec: GroupSpec, by: str) -> DeclaredPause:
    until = None if spec.until is None else round(spec.until.timestamp() * 1_000)
    return DeclaredPause(by, " ".join((spec.reason or "").split())[:LONGEST_REASON], until)


def declares_nothing(of: GroupObject) -> bool:
    """Whether the operator has created it and nobody has said anything in it since: it may go with its group."""
    said = {name for name, value in of.spec.items() if value is not None and name != "group"}
    return of.metadata.labels.get(CREATED_BY) == OPERATOR and not said


def believed(objects: Iterable[GroupObject]) -> dict[str, GroupObject]:
    """By group, the object that is believed: one that somebody has declared, the first by name; else the operator's."""
    found: dict[str, GroupObject] = {}
    for each in sorted(objects, key=lambda each: (declares_nothing(each), each.metadata.name)):
        if not each.metadata.deletion_timestamp:
            found.setdefault(declaration(each).group, each)
    return found


def free_name(group: str, taken: Mapping[str, object]) -> str:
    """A name for the object of a group: the group's own if it can be had, else one that nobody has.

    Two groups that would have the same name (``crm_eu``, ``CRM-eu``) get different ones: the group's digest is in it.

    Args:
        group: The group.
        taken: The names of all objects there are.
    """
    if len(group) <= LONGEST_NAME and _OBJECT_NAME.fullmatch(group) and group not in taken:
        return group
    digest = sha256(group.encode()).hexdigest()
    readable = _NOT_IN_NAMES.sub("-", group.lower()).strip("-")[:100].strip("-") or "group"
    short = f"{readable}-{digest[:8]}"
    return short if short not in taken else f"{readable}-{digest}"
