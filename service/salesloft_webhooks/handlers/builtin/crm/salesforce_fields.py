"""Whether what is configured fits what Salesforce describes of an object, ``GET .../sobjects/<sObject>/describe``.

A described field has ``type``, ``updateable``, ``createable``, ``externalId``, ``unique`` and ``picklistValues``
("DescribeSObjectResult", SOAP API Developer Guide).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from salesloft_webhooks.handlers.builtin.configuration.crm import FieldTarget, FieldType

Described = Mapping[str, Mapping[str, Any]]
"""Fields by their names."""

_TEXTS = frozenset(
    {"string", "textarea", "email", "phone", "url", "picklist", "combobox", "multipicklist", "id", "reference"}
    | {"encryptedstring"}
)
_NUMBERS = frozenset({"double", "int", "long", "currency", "percent"})
_TAKES: Mapping[FieldType, frozenset[str]] = {
    "text": _TEXTS,
    "choices": _TEXTS,
    "number": _NUMBERS,
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"datetime"}),
}
"""By our type of a field the types of Salesforce's that take it. What is in none of them is not judged."""
_JUDGED = frozenset().union(*_TAKES.values())


def problems_of_fields(
    known: Described, names: Iterable[str], targets: Iterable[str | FieldTarget], *, external_id: str, unique: bool
) -> Iterator[str]:
    """What is wrong with the fields of a Contact or a Lead.

    Args:
        known: What the object has.
        names: Every field that is written.
        targets: Those with a type.
        external_id: The field with the person's id.
        unique: Whether it has to have unique values.
    """
    for name in (external_id, *names):
        yield from _of_name(known, name)
    yield from _of_external_id(known, external_id, unique=unique)
    for target in targets:
        to, ours = (target, "text") if isinstance(target, str) else (target.to, target.type)
        theirs = known.get(to, {}).get("type")
        if isinstance(theirs, str) and theirs in _JUDGED and theirs not in _TAKES[ours]:  # type: ignore[index]  # a literal
            fitting = " or ".join(f"type: {each}" for each, taken in _TAKES.items() if theirs in taken)
            yield f"field {to} is a {theirs}, which takes {fitting}"


def problems_of_activity(known: Described, activity_id: str, status: str | None) -> Iterator[str]:
    """What is wrong with the fields of a Task or an Event.

    Args:
        known: What the object has.
        activity_id: The field with the activity's id.
        status: The status of a Task that is done; None: an Event has none.
    """
    yield from _of_name(known, activity_id)
    yield from _of_external_id(known, activity_id, unique=True)
    values = known.get("Status", {}).get("picklistValues")
    if status is not None and isinstance(values, list):
        offered = [each.get("value") for each in values if isinstance(each, Mapping)]
        if status not in offered:
            yield f"status {status} of a Task does not exist (crm.completed_status)"


def _of_name(known: Described, name: str) -> Iterator[str]:
    if name not in known:
        yield f"field {name} does not exist, or our user may not see it"
    elif known[name].get("updateable") is False:
        yield f"field {name} may not be written by our user"


def _of_external_id(known: Described, name: str, *, unique: bool) -> Iterator[str]:
    field = known.get(name, {})
    if field.get("externalId") is False and field.get("updateable") is not False:
        yield f"field {name} is not marked as an external id"
    elif unique and field.get("unique") is False:
        yield f"field {name} is not marked as unique"
