"""A list of SalesLoft's that changes while it is read, answered by the simulator's own query."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from salesloft_webhooks.backfill.windows import Ask
from salesloft_webhooks.salesloft import Direction, Row
from salesloft_webhooks.salesloft.record_lists import written
from salesloft_webhooks.simulator.platform.record_query import LISTED, page_of
from salesloft_webhooks.timestamps import canonical

START = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A time so long after `START`."""
    return START + timedelta(seconds=seconds)


@dataclass
class ChangingList:
    """Records by id, each with its time in seconds after `START`.

    Attributes:
        per_page: Rows a page has.
        records: What is visible.
        path: Which list it is.
    """

    per_page: int = 3
    records: dict[int, float] = field(default_factory=dict)
    path: str = "/people"

    def page(self, ask: Ask) -> tuple[tuple[Row, ...], int | None]:
        """The rows that are asked for, and the number of the next page."""
        query = {"sort_by": "updated_at", "sort_direction": str(ask.direction), "page": str(ask.page)}
        query |= {"per_page": str(self.per_page)}
        if ask.since and ask.until:
            query |= {"updated_at[gte]": written(ask.since), "updated_at[lt]": written(ask.until)}
        body, problems = page_of([self._record(number) for number in self.records], LISTED[self.path], query)
        assert not problems
        return tuple(map(row, body["data"])), body["metadata"]["paging"]["next_page"]

    def _record(self, number: int) -> dict[str, Any]:
        return {"id": number, "updated_at": written(at(self.records[number]))}


def canonical_time(seconds: float) -> str | None:
    """The time of a row so long after `START`, as rows have it."""
    return canonical(written(at(seconds)))


def row(record: dict[str, Any]) -> Row:
    """A record as the client passes it on."""
    return Row(msgspec.json.encode(record), record.get("id"), canonical(record.get("updated_at")))


def rows(*times: float) -> tuple[Row, ...]:
    """Rows of these times, numbered from 1 on."""
    return tuple(row({"id": number, "updated_at": written(at(time))}) for number, time in enumerate(times, 1))


ASCENDING = Direction.ASCENDING
