"""What is shown of an event's data to people who have not asked for more: by a list of what may be shown.

=======================================  ==========================================================================
names of fields                          shown: what they are is documented, or the installation's own
true, false, null                        shown
numbers                                  shown where the name says id, count or duration; else hidden
texts                                    shown where the name says id, time, state or type *and* the text looks like one
e-mail addresses                         first letter and domain: ``a•••••@crm.example``
every other text                         first letter and length: ``A••••• (11)``
=======================================  ==========================================================================

So a field that SalesLoft adds tomorrow is hidden until somebody has thought about it, and a name that stands where a
state should be is hidden as well.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from salesloft_webhooks.masked_text import HIDDEN, masked_text

__all__ = ["masked", "masked_body", "masked_text", "whole_body"]

BULLETS = "•••••"

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?")
_IDENTITY = re.compile(r"\d{1,20}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORD = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
_REFERENCE = re.compile(r"https://[a-z0-9.-]+(:\d+)?(/v\d+)?(/[a-z_]+)+/\d{1,20}")
_ADDRESS = re.compile(r"([^\s@<>\"]+)@([A-Za-z0-9.-]+)")

_FORMS = (
    (re.compile(r"(.+_)?id"), _IDENTITY),
    (re.compile(r".+_(at|after|until|before)"), _TIME),
    (re.compile(r"_href"), _REFERENCE),
    (re.compile(r"status|type|.+_(type|status)|current_state|sentiment|disposition|locale_key|kind"), _WORD),
)
"""Names of fields, and how a text in them must look to be shown."""
_NUMBERS = re.compile(r"(.+_)?(id|count)|duration|position|day|hour|minute")
_COUNTS = "counts"
"""Whose numbers are all counts."""


def masked(data: Any) -> Any:
    """A JSON document as people may see it. Nested too deeply to be looked through, all of it is hidden."""
    try:
        return _masked(data, "", "")
    except RecursionError:
        return HIDDEN


def masked_body(body: bytes) -> str:
    """A body as people may see it: JSON, indented."""
    document = _decoded(body)
    return f"{HIDDEN} ({len(body)} bytes, no JSON)" if document is None else _indented(masked(document))


def whole_body(body: bytes) -> str:
    """A body as it is: JSON, indented; what is none, as text with every byte visible. Personal data."""
    document = _decoded(body)
    return body.decode(errors="backslashreplace") if document is None else _indented(document)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _indented(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _masked(value: Any, name: str, within: str) -> Any:
    """``name``: of the field it stands in, also as one of a list; ``within``: of the field around that."""
    if isinstance(value, Mapping):
        return {key: _masked(each, str(key), name) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(each, name, within) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, name)
    return value if within == _COUNTS or _NUMBERS.fullmatch(name) else HIDDEN


def _text(text: str, name: str) -> str:
    if not text or any(names.fullmatch(name) and form.fullmatch(text) for names, form in _FORMS):
        return text
    if address := _ADDRESS.fullmatch(text):
        return f"{address[1][0]}{BULLETS}@{address[2]}"
    return f"{text[0]}{BULLETS} ({len(text)})"
