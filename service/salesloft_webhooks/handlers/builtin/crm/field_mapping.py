"""SalesLoft's fields of a person -> a CRM's, as configured."""

import re
from collections.abc import Mapping
from typing import Any, get_args, get_origin

import msgspec

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.configuration.crm import FieldTarget
from salesloft_webhooks.handlers.builtin.crm.contacts import FIELDS, Bounce, Contact
from salesloft_webhooks.handlers.builtin.crm.field_values import Misfit, Value, converted, is_empty
from salesloft_webhooks.resources.person import Person
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

CUSTOM = "custom_fields."
"""What the names of SalesLoft's custom fields begin with; the rest is the name as SalesLoft shows it, dots included."""


def _objects_in(annotation: Any) -> bool:
    """Whether values of a type are objects, or lists of them."""
    if get_origin(annotation) is Mapping or (isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)):
        return True
    return any(map(_objects_in, get_args(annotation)))


_TYPES = {field.encode_name: field.type for field in msgspec.structs.fields(Person)}
_VALUES = frozenset(name for name, annotation in _TYPES.items() if not _objects_in(annotation))
_OBJECTS = _TYPES.keys() - _VALUES - {"cadences"}
"""Each has values within, under their own names; a list of objects is nothing that a CRM's field takes."""


class FieldMapping:
    """What of a contact is written under which name.

    A field that is empty in SalesLoft is left out, unless it is to be cleared: it must not wipe what somebody entered
    in the CRM. So is one whose value does not fit, and one of which the event says nothing. A person who is saved is
    there, so the mark of an earlier deletion is taken back.

    Attributes:
        names: Every name of theirs that may be written.

    Args:
        fields: Our name, or SalesLoft's (``custom_fields.NAME``, ``person_stage.id``) -> theirs.
        bounced: Their name of the field that receives an address that bounced; None: bounces are not passed on.
        deleted: Their name of the field set when the person is deleted; None: deletions are not passed on.
        owner: Their name of the field that receives the owner's id; None: owners are not passed on.

    Raises:
        ConfigurationError: A name that SalesLoft's persons do not have, or two fields that go to one of theirs.
    """

    def __init__(
        self,
        fields: Mapping[str, str | FieldTarget],
        *,
        bounced: str | None,
        deleted: str | None,
        owner: str | None = None,
    ) -> None:
        self._fields = {
            ours: FieldTarget(to=theirs) if isinstance(theirs, str) else theirs for ours, theirs in fields.items()
        }
        self._bounced, self._deleted, self._owner = bounced, deleted, owner
        names = [*(target.to for target in self._fields.values()), *filter(None, (bounced, deleted, owner))]
        if not all(map(_is_known, fields)):
            raise ConfigurationError(
                f"HANDLERS_FILE: crm.fields: expected names among {', '.join(FIELDS)}, those of SalesLoft's persons, "
                f"and {CUSTOM}NAME"
            )
        if len(set(names)) < len(names):
            raise ConfigurationError("HANDLERS_FILE: crm: two fields go to the same one of theirs")
        self.names = tuple(names)

    def of(self, change: Contact | Bounce, owner: str | None = None) -> dict[str, Value | None]:
        """What to write, None to clear; empty when this change is not passed on.

        Args:
            change: What SalesLoft says.
            owner: The CRM's id of the owner; None: nothing is said about them.
        """
        if isinstance(change, Bounce):
            return {self._bounced: change.email_address} if self._bounced and change.email_address else {}
        if change.deleted:
            return {self._deleted: True} if self._deleted else {}
        owned: dict[str, Value | None] = {self._owner: owner} if self._owner and owner else {}
        return self._values(change) | owned | ({self._deleted: False} if self._deleted else {})

    def _values(self, contact: Contact) -> dict[str, Value | None]:
        values: dict[str, Value | None] = {}
        misfits = list[str]()
        for ours, target in self._fields.items():
            stated, value = _looked_up(contact, ours)
            if not stated:
                continue
            try:
                value = None if is_empty(value) else converted(value, target.type)
            except Misfit:
                misfits.append(target.to)
                continue
            # Blanks between semicolons, or a character that nobody takes, come to nothing, too.
            if not is_empty(value):
                values[target.to] = value
            elif target.clear:
                values[target.to] = None
        if misfits:
            _log.warning("crm.misfit", person_id=contact.person_id, count=len(misfits), fields=misfits)
        return values

    def quoted_in(self, text: str) -> tuple[str, ...]:
        """Those of the names that an error message quotes: safe to repeat, unlike the message."""
        return tuple(name for name in self.names if re.search(rf"""["']{re.escape(name)}\\?["']""", text))


def _is_known(ours: str) -> bool:
    """Whether a name can lead to a value: one within an object, like a reference, and none within anything else."""
    name, dot, within = ours.partition(".")
    if not dot:
        return ours in FIELDS or ours in _VALUES
    return name in _OBJECTS and bool(within)


def _looked_up(contact: Contact, ours: str) -> tuple[bool, Any]:
    """Whether the event says anything about a field, and what."""
    if ours in FIELDS:
        # A value that is no text is not among the contact's: it does not fit, and must not pass for nothing.
        stated = ours in contact.fields or FIELDS[ours] in contact.resource
        return stated, contact.fields.get(ours, contact.resource.get(FIELDS[ours]))
    # SalesLoft presents only those custom fields that have a value: of a person that comes with them, one that is not
    # among them is empty.
    path = ("custom_fields", ours.removeprefix(CUSTOM)) if ours.startswith(CUSTOM) else tuple(ours.split("."))
    value: Any = contact.resource
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return path[0] in contact.resource, value
