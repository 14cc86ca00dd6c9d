"""As much of SOQL as is asked: ``SELECT a, b FROM X WHERE c = 'd' AND e IN ('f', 'g')`` (SOQL and SOSL Reference)."""

import re
from typing import Any

from tests.support.standins.salesforce_records import FIELDS, SYSTEM, BadRequest, Records, Stored, long_id

_STATEMENT = re.compile(r"SELECT (?P<columns>[\w, ]+) FROM (?P<sobject>\w+) WHERE (?P<where>.+)", re.DOTALL)
_LITERAL = r"'(?:[^'\\]|\\.)*'"
_CONDITION = re.compile(
    rf"(\w+) (?:= (true|false|{_LITERAL})|IN \(({_LITERAL}(?:, ?{_LITERAL})*)\))(?: AND |$)", re.DOTALL
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", "\\": "\\", '"': '"'}
LONGEST = 100_000
LONGEST_TEXT = 4_000


def rows(records: Records, statement: str, *, deleted: bool, known: set[str]) -> list[dict[str, Any]]:
    """The answer's records; ``known``: the fields that exist besides those of the system."""
    parsed = _STATEMENT.fullmatch(statement)
    if parsed is None or len(statement) > LONGEST or parsed["sobject"] not in FIELDS:
        raise BadRequest("MALFORMED_QUERY", "unexpected token")
    columns, sobject = parsed["columns"].split(", "), parsed["sobject"]
    conditions = _conditions(parsed["where"])
    for name in (*columns, *conditions):
        if name not in known | set(SYSTEM):
            raise BadRequest("INVALID_FIELD", f"No such column '{name}' on entity '{sobject}'.")
    found = [
        each
        for each in records.by_id.values()
        if each.sobject == sobject and (deleted or each.is_live) and _fits(each, conditions)
    ]
    return [{"attributes": {"type": sobject}} | {name: each.value(name) for name in columns} for each in found]


def _conditions(where: str) -> dict[str, list[Any]]:
    conditions, at = dict[str, list[Any]](), 0
    while at < len(where):
        if (found := _CONDITION.match(where, at)) is None:
            raise BadRequest("MALFORMED_QUERY", "unexpected token")
        name, single, several = found.groups()
        if single in ("true", "false"):
            conditions[name] = [single == "true"]
        else:
            conditions[name] = [_value(each) for each in re.findall(_LITERAL, single or several, re.DOTALL)]
        at = found.end()
    return conditions


def _value(literal: str) -> str:
    text = re.sub(r"\\(.)", lambda escape: _escape(escape[1]), literal[1:-1], flags=re.DOTALL)
    if len(text) > LONGEST_TEXT:
        raise BadRequest("MALFORMED_QUERY", "a text is too long")
    return text


def _escape(letter: str) -> str:
    if letter not in _ESCAPES:
        raise BadRequest("MALFORMED_QUERY", "illegal escape sequence")
    return _ESCAPES[letter]


def _fits(record: Stored, conditions: dict[str, list[Any]]) -> bool:
    return all(_among(name, record.value(name), wanted) for name, wanted in conditions.items())


def _among(name: str, value: Any, wanted: list[Any]) -> bool:
    if name == "Id":
        if not all(isinstance(each, str) and re.fullmatch(r"[0-9A-Za-z]{15}([0-9A-Z]{3})?", each) for each in wanted):
            raise BadRequest("INVALID_QUERY_FILTER_OPERATOR", "invalid ID field")
        return value in [each if len(each) == 18 else long_id(each) for each in wanted]
    if isinstance(value, str):  # texts are compared without regard to case
        return value.lower() in [str(each).lower() for each in wanted]
    return value in wanted
