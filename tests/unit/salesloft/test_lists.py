"""Pages of lists: bounds, order, ties, prices, and rows that are passed on byte for byte."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.errors import SalesloftUnreadable
from salesloft_webhooks.salesloft import LISTS, Direction, Page, Row, page_cost
from salesloft_webhooks.salesloft.exchange import Answer
from salesloft_webhooks.salesloft.record_lists import _page, written
from salesloft_webhooks.simulator.platform import Fault, SimulatedPlatform
from salesloft_webhooks.simulator.platform.rate_limit import price
from salesloft_webhooks.simulator.platform.record_query import LISTED, page_of
from salesloft_webhooks.simulator.sales_team import SalesTeam
from tests.unit.salesloft.conftest import Opening

PEOPLE = LISTS["people"]
START = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)


def team(platform: SimulatedPlatform, changes: int = 300) -> None:
    """Let so much happen from `START` on, a change every minute or so."""
    invented = SalesTeam(Random(7), START, mean_gap_seconds=60)
    for _ in range(changes):
        platform.happen(invented.next())


async def pages(opened: Opening, **asked: object) -> list[Page]:
    """Every page of the people."""
    found: list[Page] = []
    async with opened() as salesloft:
        number: int | None = 1
        while number is not None:
            found.append(await salesloft.lists.page(PEOPLE, page=number, **asked))  # type: ignore[arg-type]
            number = found[-1].next_page
    return found


async def test_every_row_comes_once_and_in_order(opened: Opening, platform: SimulatedPlatform) -> None:
    """Page by page, the oldest change first: nothing is missing, nothing twice."""
    team(platform)

    rows = [row for page in await pages(opened, per_page=7) for row in page.rows]

    assert {row.id for row in rows} == set(platform.records.of("/people"))
    assert len(rows) > 14
    times = [row.updated_at or "" for row in rows]
    assert times == sorted(times)


async def test_the_newest_may_come_first(opened: Opening, platform: SimulatedPlatform) -> None:
    """Where a list has no filter, it is read from its end."""
    team(platform)

    times = [row.updated_at or "" for page in await pages(opened, direction=Direction.DESCENDING) for row in page.rows]

    assert times == sorted(times, reverse=True)


async def test_bounds_are_from_and_below(opened: Opening, platform: SimulatedPlatform) -> None:
    """The first bound belongs to the span, the second does not, to the microsecond and in any zone."""
    team(platform)
    times = sorted(row["updated_at"] for row in platform.records.of("/people").values())
    first, last = datetime.fromisoformat(times[3]), datetime.fromisoformat(times[9]).astimezone(UTC)

    rows = [row for page in await pages(opened, since=first, until=last) for row in page.rows]

    assert [row.updated_at for row in rows] == [written(datetime.fromisoformat(time)) for time in times[3:9]]


async def test_ties_stay_together(opened: Opening, platform: SimulatedPlatform) -> None:
    """An import gives hundreds of rows one time: asked from that time on, all of them come, over several pages."""
    team(platform)
    everybody = list(platform.records.of("/people"))
    moment = START + timedelta(days=9)
    platform.records.bulk("/people", everybody, written(moment))

    found = await pages(opened, since=moment, per_page=7)

    assert sorted(row.id or 0 for page in found for row in page.rows) == sorted(everybody)
    assert len(found) > 2


async def test_a_late_commit_is_seen_late(opened: Opening, platform: SimulatedPlatform) -> None:
    """A row may appear with a time that has been read already: what an overlap is for."""
    now = [1_772_874_000.0]
    platform.records._clock = lambda: now[0]
    platform.records.commit_seconds = 30.0
    team(platform, 50)

    before = await pages(opened)
    now[0] += 30.0
    after = await pages(opened)

    assert before[0].rows == ()
    assert after[0].rows


async def test_a_row_is_passed_on_as_it_came(opened: Opening, platform: SimulatedPlatform) -> None:
    """Order of keys, numbers and text are SalesLoft's to the byte: an id is made of them."""
    team(platform)

    row = (await pages(opened))[0].rows[0]

    assert row.raw == msgspec.json.encode(platform.records.of("/people")[row.id or 0])
    assert "email" not in repr(row)


async def test_the_clock_is_salesloft_s(opened: Opening, platform: SimulatedPlatform) -> None:
    """A page says when SalesLoft wrote it, right or wrong, and what is left of the rate limit."""
    platform.faults.order(Fault.WRONG_DATE)

    wrong, right = (await pages(opened))[0], (await pages(opened))[0]

    assert wrong.date is not None
    assert right.date is not None
    assert timedelta(minutes=59) < wrong.date - right.date < timedelta(minutes=61)
    assert right.remaining == 598


@pytest.mark.parametrize(
    "asked",
    [
        {"which": "users", "since": START},
        {"which": "steps", "until": START},
        {"which": "people", "page": 0},
        {"which": "people", "per_page": 101},
        {"which": "people", "since": START.replace(tzinfo=None)},
    ],
    ids=["users by time", "steps by time", "page 0", "too many", "no zone"],
)
async def test_what_a_list_cannot_do_is_not_asked_for(
    opened: Opening, platform: SimulatedPlatform, asked: dict[str, object]
) -> None:
    """A filter that is ignored would read everything: it is a mistake of ours, found before it costs anything."""
    which = LISTS[str(asked.pop("which"))]

    async with opened() as salesloft:
        with pytest.raises(ValueError, match=r"cannot be asked|must be|needs a time zone"):
            await salesloft.lists.page(which, **asked)  # type: ignore[arg-type]

    assert platform.rate_limit.spent == 0


@pytest.mark.parametrize("name", LISTS)
async def test_each_list_can_be_read(opened: Opening, name: str) -> None:
    """What we ask of a list is what it can do: no list refuses it."""
    which = LISTS[name]
    bounds = {"since": START, "until": START + timedelta(days=1)} if which.filtered else {}

    async with opened() as salesloft:
        page = await salesloft.lists.page(which, **bounds)  # type: ignore[arg-type]

    assert page.rows == ()


def test_a_list_may_come_bare() -> None:
    """Without anything about pages, a full one has a next one, and others have none."""
    full, last = (_page(Answer(200, msgspec.json.encode([{"id": n} for n in range(rows)])), 3, 5) for rows in (5, 4))

    assert (full.next_page, last.next_page) == (4, None)
    assert [row.id for row in last.rows] == [0, 1, 2, 3]


def test_rows_of_any_shape_are_passed_on() -> None:
    """A row without id or time, or that is no object, is for the caller to count, and harms no other."""
    body = (
        b'{"data":[{"id":"x","updated_at":"never"},17,{"id":true},null,{"id":5,"updated_at":"2026-03-07T09:26:14Z"}]}'
    )

    rows = _page(Answer(200, body), 1, 100).rows

    assert [row.id for row in rows] == [None, None, None, None, 5]
    assert rows[-1].updated_at == "2026-03-07T09:26:14.000000Z"
    assert [row.raw for row in rows][1:3] == [b"17", b'{"id":true}']


@pytest.mark.parametrize("body", [b"", b"{}", b"[1,", b"<html>", b'{"data":{}}', b'{"data":null}'], ids=repr)
def test_what_is_no_list_is_unreadable(body: bytes) -> None:
    """A page that is none is never taken for one without rows: a cursor would pass over what was there."""
    with pytest.raises(SalesloftUnreadable) as caught:
        _page(Answer(200, body), 1, 100)

    assert caught.value.__cause__ is None


@given(st.integers(1, 100_000))
def test_prices_are_as_salesloft_has_them(page: int) -> None:
    """What we reserve is what the simulated SalesLoft takes, whichever page."""
    assert page_cost(page) == price(page)


def rows_of(seconds: list[int]) -> Iterator[dict[str, object]]:
    """Rows with those times, many of them equal."""
    for number, second in enumerate(seconds):
        yield {"id": number, "updated_at": written(START + timedelta(seconds=second))}


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 9), st.integers(0, 6), st.sampled_from(Direction))
def test_paging_loses_and_repeats_nothing(seconds: list[int], per_page: int, since: int, direction: Direction) -> None:
    """Whatever ties there are and wherever pages are cut: each row from the bound on comes once, in order."""
    rows = list(rows_of(seconds))
    bound = written(START + timedelta(seconds=since))
    query = {"updated_at[gte]": bound, "sort_by": "updated_at", "sort_direction": direction, "per_page": str(per_page)}

    found: list[Row] = []
    number = 1
    while number:
        body, problems = page_of(rows, LISTED["/people"], {**query, "page": str(number)})
        page = _page(Answer(200, msgspec.json.encode(body)), number, per_page)
        found += page.rows
        number = page.next_page or 0

    assert not problems
    expected = sorted((str(row["updated_at"]), row["id"]) for row in rows if str(row["updated_at"]) >= bound)
    assert [(row.updated_at, row.id) for row in found] == (
        expected if direction is Direction.ASCENDING else expected[::-1]
    )
