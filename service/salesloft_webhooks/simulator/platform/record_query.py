"""A list's page: filtered, sorted and cut as the query says, without a server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from salesloft_webhooks.timestamps import parse_timestamp

Record = Mapping[str, Any]

_COMPARED = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}
DEFAULT_PER_PAGE, LARGEST_PER_PAGE = 25, 100


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list can be asked for.

    Attributes:
        sort_keys: What it can be sorted by.
        sort_by: What it is sorted by unless asked otherwise.
        direction: Which way, unless asked otherwise.
        filtered: The times by which it can be filtered.
        all_at_once: Whether all of it comes where no page is asked for.
    """

    sort_keys: tuple[str, ...] = ("created_at", "updated_at")
    sort_by: str = "updated_at"
    direction: str = "DESC"
    filtered: tuple[str, ...] = ("updated_at",)
    all_at_once: bool = False


_PEOPLE = ("created_at", "updated_at", "last_contacted_at", "name", "title", "job_seniority", "call_count")
LISTED: Mapping[str, Listed] = {
    "/people": Listed(
        (*_PEOPLE, "sent_emails", "clicked_emails", "replied_emails", "viewed_emails", "account", "cadence_stage_name"),
        filtered=("updated_at", "created_at"),
    ),
    "/activities/emails": Listed(("updated_at", "send_time"), filtered=("updated_at", "sent_at")),
    "/activities/calls": Listed(filtered=("created_at", "updated_at")),
    "/cadence_memberships": Listed(("added_at", "updated_at")),
    "/accounts": Listed(
        (
            *("created_at", "updated_at", "last_contacted_at", "account_stage", "account_stage_name"),
            *("account_tier", "account_tier_name", "name", "counts_people"),
        )
    ),
    "/cadences": Listed(("created_at", "updated_at", "name")),
    "/notes": Listed(),
    "/call_data_records": Listed(filtered=("created_at", "updated_at")),
    "/successes": Listed(("created_at", "updated_at", "succeeded_at")),
    "/steps": Listed(filtered=()),
    "/meetings": Listed(("start_time", "created_at", "updated_at"), "start_time", filtered=("start_time",)),
    "/users": Listed(("id", "email", "name", "group", "role"), "id", filtered=(), all_at_once=True),
    "/tasks": Listed(("due_date", "due_at"), "due_date", "ASC", filtered=()),
}
"""Every list, and what its description says of it. What it does not know, it ignores."""

Problems = dict[str, list[str]]


def page_number(query: Mapping[str, str]) -> int:
    """The page that is asked for; 1 unless it is a number."""
    text = query.get("page", "")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def page_of(records: Iterable[Record], listed: Listed, query: Mapping[str, str]) -> tuple[dict[str, Any], Problems]:
    """The body of an answer; or, by parameter, what is wrong with the query."""
    problems: Problems = {}
    sort_by, direction = query.get("sort_by", listed.sort_by), query.get("sort_direction", listed.direction).upper()
    if sort_by not in listed.sort_keys:
        problems["sort_by"] = [f"must be one of: {', '.join(listed.sort_keys)}"]
    if direction not in ("ASC", "DESC"):
        problems["sort_direction"] = ["must be one of: ASC, DESC"]
    text = query.get("per_page", str(DEFAULT_PER_PAGE))
    per_page = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= per_page <= LARGEST_PER_PAGE:
        problems["per_page"] = [f"must be in the range [1, {LARGEST_PER_PAGE}]"]
    bounds = list(_bounds(listed, query, problems))
    if problems:
        return {}, problems
    rows = [row for row in records if all(_within(row, name, how, bound) for name, how, bound in bounds)]
    rows.sort(key=lambda row: _order(row, sort_by), reverse=direction == "DESC")
    if listed.all_at_once and "page" not in query:
        per_page = max(len(rows), 1)
    return _cut(rows, page_number(query), per_page, sort_by, direction), {}


def _bounds(listed: Listed, query: Mapping[str, str], problems: Problems) -> Iterable[tuple[str, str, datetime]]:
    for name in listed.filtered:
        for how in _COMPARED:
            text = query.get(f"{name}[{how}]")
            if text is None:
                continue
            bound = parse_timestamp(text)
            if bound is None:
                problems[name] = ["must be an ISO 8601 timestamp"]
            else:
                yield name, how, bound


def _within(row: Record, name: str, how: str, bound: datetime) -> bool:
    value = parse_timestamp(row.get(name))
    return value is not None and _COMPARED[how](value, bound)


def _order(row: Record, sort_by: str) -> tuple[bool, float, str, int]:
    """By the value, then by id: what is sorted twice comes in the same order."""
    value = row.get(sort_by)
    if isinstance(value, int | float):
        return True, float(value), "", row["id"]
    moment = parse_timestamp(value)
    return value is not None, moment.timestamp() if moment else 0.0, str(value) if moment is None else "", row["id"]


def _cut(rows: list[Record], page: int, per_page: int, sort_by: str, direction: str) -> dict[str, Any]:
    first = (page - 1) * per_page
    paging = {
        "per_page": per_page,
        "current_page": page,
        "next_page": page + 1 if first + per_page < len(rows) else None,
        "prev_page": page - 1 if page > 1 else None,
    }
    sorting = {"sort_by": sort_by, "sort_direction": f"{direction} NULLS LAST"}
    metadata = {"filtering": {}, "paging": paging, "sorting": sorting}
    return {"metadata": metadata, "data": rows[first : first + per_page]}
