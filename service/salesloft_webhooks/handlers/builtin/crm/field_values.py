"""Values of SalesLoft's fields as what a CRM's field takes: text, numbers, yes and no, days, times, choices.

SalesLoft's custom fields are text, or a number, whatever they mean, so a day or a number comes as what somebody typed.
A value that does not fit is a `Misfit`: nothing is guessed.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from salesloft_webhooks.handlers.builtin.configuration.crm import FieldType
from salesloft_webhooks.handlers.database.storable_values import clean_text
from salesloft_webhooks.timestamps import parse_timestamp

Value = str | int | float | bool | date | datetime | tuple[str, ...]
"""A date is no datetime; a datetime is in UTC; a tuple are choices."""

SEPARATOR = ";"
"""Between choices, in the texts of both HubSpot and Salesforce."""

_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?", re.ASCII)
_DAY = re.compile(r"(?P<day>\d{4}-\d\d-\d\d|\d{8}(?=T))", re.ASCII)
_MONTH = re.compile(r"\d [A-Z][a-z]{2} \d")
"""RFC 2822 has its months in words."""
_YES_AND_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Misfit(Exception):
    """A value does not fit its field's type. Never leaves this package, and never has the value in it."""


def is_empty(value: Any) -> bool:
    """Whether there is nothing: null, blank text, an empty list, no choices."""
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {}, ())


def converted(value: Any, field_type: FieldType) -> Value:
    """A value that is not empty, as its field takes it; what comes of it may be empty (`is_empty`).

    Raises:
        Misfit: It cannot be read as one.
    """
    try:
        return _converted(value, field_type)
    except (OverflowError, ValueError):  # numbers of a size that no float has, and no text
        raise Misfit from None


def _converted(value: Any, field_type: FieldType) -> Value:
    match field_type:
        case "text":
            return _text(value)
        case "number":
            return _number(value)
        case "boolean":
            return _boolean(value)
        case "date":
            return _date(value)
        case "datetime":
            return _datetime(value)
        case "choices":
            return _choices(value)


def as_json(value: Value | None) -> str | int | float | bool | None:
    """A value as JSON has it: days and times as ISO 8601 (milliseconds, UTC), choices separated by semicolons."""
    match value:
        case datetime():
            return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
        case date():
            return value.isoformat()
        case tuple():
            return SEPARATOR.join(value)
        case _:
            return value


def as_text(value: Value | None) -> str:
    """The same as text: yes and no in small letters, and nothing as empty text."""
    written = as_json(value)
    return "" if written is None else str(written).lower() if isinstance(written, bool) else str(written)


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return clean_text(str(value))
    raise Misfit


def _number(value: Any) -> int | float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        text = value.strip()
        value = float(text) if "." in text else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Misfit
    return value


def _boolean(value: Any) -> bool:
    known = _YES_AND_NO.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if known is None:
        raise Misfit
    return known


def _date(value: Any) -> date:
    """The day as it is written, whatever the zone: 10 p.m. in New York is that day there, and not the next one."""
    moment, text = _datetime(value), value.strip() if isinstance(value, str) else ""
    if written := _DAY.match(text):
        return date.fromisoformat(written["day"])
    return parsedate_to_datetime(text).date() if _MONTH.search(text) else moment.date()


def _datetime(value: Any) -> datetime:
    if (moment := parse_timestamp(value.strip() if isinstance(value, str) else value)) is None:
        raise Misfit
    return moment


def _choices(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        raise Misfit
    parts = value if isinstance(value, list) else str(value).split(SEPARATOR) if isinstance(value, str) else [value]
    texts = [_text(part).strip() for part in parts]
    if any(SEPARATOR in text for text in texts):
        raise Misfit
    return tuple(dict.fromkeys(filter(None, texts)))
