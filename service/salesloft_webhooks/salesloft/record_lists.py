"""Lists of records: which there are, what can be asked of them, and one page of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from salesloft_webhooks.salesloft.answers import Paging, records
from salesloft_webhooks.salesloft.budget import page_cost
from salesloft_webhooks.salesloft.exchange import Answer
from salesloft_webhooks.salesloft.transport import ApiRequest, Transport
from salesloft_webhooks.timestamps import canonical

LARGEST_PAGE = 100
UPDATED_AT = "updated_at"


class Direction(StrEnum):
    """Which row of a list comes first."""

    ASCENDING = "ASC"
    """The oldest."""
    DESCENDING = "DESC"
    """The newest."""


@dataclass(frozen=True, slots=True)
class RecordList:
    """A list of SalesLoft's.

    Attributes:
        name: Ours.
        path: Below the API's address.
        filtered: Whether only what changed in a span of time can be asked for.
        sort_by: What it is sorted by: the time of the last change where it can be.
    """

    name: str
    path: str
    filtered: bool = True
    sort_by: str = UPDATED_AT


_LISTS = (
    RecordList("people", "/people"),
    RecordList("emails", "/activities/emails"),
    RecordList("calls", "/activities/calls"),
    RecordList("cadence_memberships", "/cadence_memberships"),
    RecordList("accounts", "/accounts"),
    RecordList("cadences", "/cadences"),
    RecordList("notes", "/notes"),
    RecordList("call_data_records", "/call_data_records"),
    RecordList("successes", "/successes"),
    RecordList("steps", "/steps", filtered=False),
    RecordList("meetings", "/meetings", filtered=False),
    RecordList("users", "/users", filtered=False, sort_by="id"),
    RecordList("tasks", "/tasks", filtered=False, sort_by="due_date"),
)
LISTS: Mapping[str, RecordList] = MappingProxyType({each.name: each for each in _LISTS})
"""Every list that can be read, by its name. What each can do is held against SalesLoft's description in a test."""


class _Head(msgspec.Struct):
    """What tells a row and its version, of whatever type a sender makes it."""

    id: Any = None
    updated_at: Any = None


@dataclass(frozen=True, slots=True)
class Row:
    """A record of a list.

    Attributes:
        raw: The record as it came, byte for byte.
        id: Its id; None if it has none that is a number.
        updated_at: The time of its last change in the one way we write times; None if it has none.
    """

    raw: bytes
    id: int | None
    updated_at: str | None

    def __repr__(self) -> str:
        return f"Row(id={self.id}, updated_at={self.updated_at!r}, bytes={len(self.raw)})"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list.

    Attributes:
        rows: In the list's order.
        next_page: The number of the next page; None: there is none.
        date: SalesLoft's clock when it answered; None if it does not say.
        remaining: Units of the rate limit that are left in this minute; None if it does not say.
    """

    rows: tuple[Row, ...]
    next_page: int | None
    date: datetime | None
    remaining: int | None


class Lists:
    """The lists of one team, as these credentials may see them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def page(
        self,
        which: RecordList,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        direction: Direction = Direction.ASCENDING,
        page: int = 1,
        per_page: int = LARGEST_PAGE,
    ) -> Page:
        """One page of a list.

        Args:
            which: One of `LISTS`.
            since: Only rows that changed then or later; with a time zone.
            until: Only rows that changed before; with a time zone.
            direction: Which row comes first.
            page: Its number, from 1 on. Deep ones cost more (`page_cost`).
            per_page: Rows a page has, 1 to `LARGEST_PAGE`.

        Raises:
            ValueError: the list cannot be asked for that.
            SalesloftError: any of its kinds.
        """
        if not which.filtered and (since or until):
            raise ValueError(f"{which.name} cannot be asked for a span of time")
        if page < 1 or not 1 <= per_page <= LARGEST_PAGE:
            raise ValueError(f"page must be 1 or more, per_page 1 to {LARGEST_PAGE}")
        bounds = {"gte": since, "lt": until}
        query = {f"{UPDATED_AT}[{how}]": written(bound) for how, bound in bounds.items() if bound}
        query |= {"sort_by": which.sort_by, "sort_direction": direction}
        query |= {"per_page": str(per_page), "page": str(page)}
        request = ApiRequest("GET", which.path, query, cost=page_cost(page))
        return await self._transport.send(request, lambda answer: _page(answer, page, per_page))


def written(moment: datetime) -> str:
    """A bound as SalesLoft compares it: to the microsecond.

    Raises:
        ValueError: the time has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a bound needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _page(answer: Answer, page: int, per_page: int) -> Page:
    rows, paging = records(answer)
    return Page(
        rows=tuple(_row(row) for row in rows),
        next_page=_following(paging, len(rows), page, per_page),
        date=answer.date,
        remaining=answer.remaining,
    )


def _following(paging: Paging, rows: int, page: int, per_page: int) -> int | None:
    """The next page's number: as the answer says, else there is one if this one is full."""
    if paging.next_page is not None:
        return paging.next_page
    if paging.current_page is not None:
        return None
    return page + 1 if rows >= per_page else None


def _row(raw: bytes) -> Row:
    try:
        head = msgspec.json.decode(raw, type=_Head)
    except msgspec.DecodeError:  # not an object: the caller counts it as unreadable
        head = _Head()
    identity = head.id if isinstance(head.id, int) and not isinstance(head.id, bool) else None
    return Row(raw, identity, canonical(head.updated_at))
