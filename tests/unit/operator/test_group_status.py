"""What the status of a `ConsumerGroup` says, and when it says enough that is new to be written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from salesloft_webhooks.broker.administration.stats import GroupStats
from salesloft_webhooks.broker.administration.stored_pause import Pause, StoredPause
from salesloft_webhooks.operator.group_status import differs, group_status
from salesloft_webhooks.operator.group_view import GroupState, GroupView
from salesloft_webhooks.operator.pause_events import pause_event
from tests.unit.operator.group_objects import group_object

AT = 1_764_417_600.0
BUSY = GroupStats(
    "crm", lag=1_200, pending=20, running=4, scheduled=5, parked=9, unhandled=2, due=1, dead=3, consumers=2
)
WORKING = GroupView(state=GroupState.PRESENT, at=AT, stats=BUSY)
DECLARED = StoredPause(Pause.DECLARED, int(AT + 3_600) * 1_000, "moving the CRM", "salesloft/crm")
IDLE = GroupStats("crm")
SILENT = GroupStats("crm", lag=7)


def status_of(view: GroupView, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """The status that a look would write."""
    return group_status(group_object(status=before), view)


def said(status: dict[str, Any], kind: str) -> tuple[str, str]:
    """Status and reason of one of its conditions."""
    (found,) = (each for each in status["conditions"] if each["type"] == kind)
    return found["status"], found["reason"]


def test_the_figures_are_those_of_the_store() -> None:
    """The backlog is what the metric of that name says: what could run or runs, without what has to wait."""
    status = status_of(WORKING)

    figures = {name: status[name] for name in ("backlog", "running", "scheduled", "parked", "unhandled", "dead")}
    assert figures == {"backlog": 1_205, "running": 4, "scheduled": 5, "parked": 9, "unhandled": 2, "dead": 3}
    assert (status["consumers"], status["observedGeneration"], status["measuredAt"]) == (2, 1, "2025-11-29T12:00:00Z")
    assert (status["paused"], status["pausedBy"]) == (False, None)


def test_the_oldest_event_is_given_by_its_time() -> None:
    """So that its age need not be written again and again; an age of a moment is left out."""
    waits = structs.replace(WORKING, stats=GroupStats("crm", lag=1, oldest_age_seconds=90.0))
    moment = structs.replace(WORKING, stats=GroupStats("crm", lag=1, oldest_age_seconds=4.9))

    assert status_of(waits)["oldestEventTime"] == "2025-11-29T11:58:30Z"
    assert status_of(moment)["oldestEventTime"] is None


def test_follow_ups_that_wait_are_shown_with_the_time_of_the_first() -> None:
    """How many, and when; nothing of them while none waits."""
    waits = structs.replace(WORKING, stats=GroupStats("crm", follow_ups=3, next_follow_up_seconds=3_600.0))

    assert [status_of(waits)[name] for name in ("followUps", "nextFollowUpTime")] == [3, "2025-11-29T13:00:00Z"]
    assert [status_of(WORKING)[name] for name in ("followUps", "nextFollowUpTime")] == [None, None]


def test_a_declared_pause_is_shown_with_its_end() -> None:
    """Who, why and until when stand in fields of their own, and in words in the condition."""
    status = status_of(structs.replace(WORKING, pause=DECLARED))

    shown = {name: status[name] for name in ("paused", "pausedBy", "pauseReason", "pausedUntil")}
    assert shown == {
        "paused": True,
        "pausedBy": "Declaration",
        "pauseReason": "moving the CRM",
        "pausedUntil": "2025-11-29T13:00:00Z",
    }
    assert "salesloft/crm pauses it until 2025-11-29T13:00:00Z: moving the CRM" in str(status["conditions"])


READY = {
    "a worker is there": (WORKING, ("True", "TakesEvents")),
    "nobody waits for nobody": (structs.replace(WORKING, stats=IDLE), ("True", "Idle")),
    "nobody is there": (structs.replace(WORKING, stats=SILENT), ("False", "NoConsumers")),
    "only a follow-up is due": (
        structs.replace(WORKING, stats=GroupStats("crm", follow_ups=9, follow_ups_due=1)),
        ("False", "NoConsumers"),
    ),
    "none is due yet": (structs.replace(WORKING, stats=GroupStats("crm", follow_ups=9)), ("True", "Idle")),
    "declared": (structs.replace(WORKING, pause=DECLARED), ("True", "Paused")),
    "declared, nobody is there": (structs.replace(WORKING, stats=SILENT, pause=DECLARED), ("True", "Paused")),
    "by hand": (structs.replace(WORKING, pause=StoredPause(Pause.MANUAL)), ("True", "PausedByHand")),
    "by a breaker": (structs.replace(WORKING, pause=StoredPause(Pause.BREAKER, 1, "503")), ("False", "BackendDown")),
    "over": (structs.replace(WORKING, over="2025-11-29T11:00:00Z"), ("True", "PauseEnded")),
    "over, and nobody is there": (structs.replace(WORKING, stats=SILENT, over="then"), ("False", "NoConsumers")),
    "no group": (GroupView(state=GroupState.ABSENT, at=AT), ("False", "GroupUnknown")),
    "another object": (structs.replace(WORKING, state=GroupState.ELSEWHERE), ("False", "DeclaredElsewhere")),
    "unreadable": (structs.replace(WORKING, state=GroupState.UNREADABLE), ("False", "Unreadable")),
    "no store": (GroupView(state=GroupState.UNKNOWN, at=AT), ("Unknown", "StoreUnavailable")),
}


@pytest.mark.parametrize(("view", "expected"), READY.values(), ids=READY)
def test_ready_says_whether_the_group_does_what_it_should(view: GroupView, expected: tuple[str, str]) -> None:
    """A pause that is wanted is no fault; one by a breaker, or nobody there, is."""
    assert said(status_of(view), "Ready") == expected


def test_caught_up_does_not_go_back_and_forth_at_its_limit() -> None:
    """It is lost beyond a minute, and comes back below half of it."""
    status: dict[str, Any] = {}
    seen = []
    for age in (1.0, 59.0, 61.0, 40.0, 31.0, 29.0, 59.0):
        stats = GroupStats("crm", lag=1, oldest_age_seconds=age)
        status = status_of(structs.replace(WORKING, stats=stats), status)
        seen.append(said(status, "CaughtUp")[0])

    assert seen == ["True", "True", "False", "False", "False", "True", "True"]


def test_without_the_store_the_figures_stay_and_say_of_when_they_are() -> None:
    """Nothing is made up, and nothing is taken away; both conditions are unknown."""
    before = status_of(structs.replace(WORKING, pause=DECLARED))

    after = status_of(GroupView(state=GroupState.UNKNOWN, at=AT + 60), before)

    assert {name: after[name] for name in before if name != "conditions"} == {
        name: value for name, value in before.items() if name != "conditions"
    }
    assert {said(after, kind)[0] for kind in ("Ready", "CaughtUp")} == {"Unknown"}
    assert "the figures are of 2025-11-29T12:00:00Z" in str(after["conditions"])


def test_a_group_that_is_gone_has_no_figures() -> None:
    """What it had once is no figure of today's: the fields are removed."""
    after = status_of(GroupView(state=GroupState.ABSENT, at=AT), status_of(WORKING))

    assert {name for name, value in after.items() if value is None} >= {"backlog", "dead", "consumers", "running"}


def moved(**figures: Any) -> bool:
    """Whether a change of these figures alone is written."""
    before = status_of(WORKING)
    return differs(before, {**before, **figures}, AT)


@pytest.mark.parametrize(
    ("figures", "written"),
    [
        ({"backlog": 1_217}, False),
        ({"backlog": 1_218}, True),
        ({"backlog": 1_193}, False),
        ({"backlog": 0}, True),
        ({"running": 5}, True),
        ({"parked": 0}, True),
        ({"dead": 4}, True),
        ({"consumers": 1}, True),
        ({"followUps": 1}, True),
        ({"nextFollowUpTime": "2025-11-29T13:00:00Z"}, True),
        ({"oldestEventTime": "2025-11-29T11:00:00Z"}, True),
        ({"measuredAt": "2025-11-29T12:00:15Z"}, False),
        ({"observedGeneration": 2}, True),
        ({"pauseReason": "else"}, True),
    ],
    ids=str,
)
def test_only_what_says_something_new_is_written(figures: dict[str, Any], written: bool) -> None:  # noqa: FBT001
    """Large figures to one per cent, small ones exactly, dead letters and workers always, the time never alone."""
    assert moved(**figures) is written


@pytest.mark.parametrize(
    ("time", "written"),
    [("11:00:01", False), ("11:00:02", False), ("11:00:30", False), ("11:00:37", True), ("10:59:00", True)],
)
def test_the_oldest_event_moves_when_it_is_another(time: str, written: bool) -> None:  # noqa: FBT001
    """Rounding to seconds is no news, nor is one per cent of an hour."""
    before = {"oldestEventTime": "2025-11-29T11:00:00Z"}

    assert differs(before, {"oldestEventTime": f"2025-11-29T{time}Z"}, AT) is written


@pytest.mark.parametrize(("time", "written"), [("13:01:00", False), ("13:01:01", True), ("12:58:59", True)])
def test_the_first_follow_up_moves_by_more_than_a_minute(time: str, written: bool) -> None:  # noqa: FBT001
    """Where many wait, each look finds another first one: that alone is not written each time."""
    before = {"nextFollowUpTime": "2025-11-29T13:00:00Z"}

    assert differs(before, {"nextFollowUpTime": f"2025-11-29T{time}Z"}, AT) is written


@given(st.lists(st.integers(0, 300), min_size=1, max_size=30))
def test_what_stands_there_is_never_off_by_more_than_one_per_cent(backlogs: list[int]) -> None:
    """However slowly a figure creeps: it is compared with what was written, not with what was seen last."""
    written: dict[str, Any] = {"backlog": 0}

    for backlog in backlogs:
        if differs(written, {"backlog": backlog}, AT):
            written = {"backlog": backlog}
        assert abs(written["backlog"] - backlog) <= written["backlog"] / 100
        assert written["backlog"] == backlog or written["backlog"] > 99


def test_the_same_look_twice_is_written_once() -> None:
    """Times of conditions stay, so nothing differs."""
    view = structs.replace(WORKING, pause=DECLARED)
    once = status_of(view)

    assert not differs(once, status_of(structs.replace(view, at=AT + 30), once), AT + 30)


PAUSED = status_of(structs.replace(WORKING, pause=DECLARED))
FREE = status_of(WORKING)
EVENTS = {
    "begins": (FREE, PAUSED, WORKING, "Paused"),
    "goes on": (PAUSED, PAUSED, WORKING, None),
    "is taken back": (PAUSED, FREE, WORKING, "Resumed"),
    "is over": (PAUSED, FREE, structs.replace(WORKING, over="2025-11-29T13:00:00Z"), "PauseEnded"),
    "nothing": (FREE, FREE, WORKING, None),
    "the store is away": (PAUSED, {}, GroupView(state=GroupState.UNKNOWN, at=AT), None),
}


@pytest.mark.parametrize(("before", "after", "view", "reason"), EVENTS.values(), ids=EVENTS)
def test_an_event_says_what_begins_and_what_ends(
    before: dict[str, Any], after: dict[str, Any], view: GroupView, reason: str | None
) -> None:
    """Each once: it follows from the two statuses."""
    event = pause_event(before, after, view)

    assert (event and event[1]) == reason


def test_a_pause_by_hand_that_stays_is_said_to_stay() -> None:
    """Whoever takes a declaration back must not believe that the group runs."""
    by_hand = status_of(structs.replace(WORKING, pause=StoredPause(Pause.MANUAL)))

    event = pause_event(PAUSED, by_hand, WORKING)

    assert event
    assert "stays paused (Hand)" in event[2]
