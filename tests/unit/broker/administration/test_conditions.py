"""What somebody should look at, found in what is known; each condition, and what is none."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from salesloft_webhooks.broker.administration.conditions import Condition, Kind, Known, Severity, conditions
from salesloft_webhooks.broker.administration.samples import GroupSample, Rates
from salesloft_webhooks.broker.administration.stats import GroupStats, PartitionStats, Stats
from salesloft_webhooks.broker.administration.stored_pause import Pause
from salesloft_webhooks.broker.announced_keys import Announcement
from salesloft_webhooks.broker.delivery_counts import OUTCOME, TYPE, Deliveries

NOW = 1_800_000_000_000
HOUR = 3_600_000
CRM = GroupStats("crm", consumers=1)
QUIET = Known(
    stats=Stats((CRM,), (PartitionStats(0, 10, 0, 50, 100),), NOW),
    receivers={"one": Announcement(version="1", sources={"default": ("new", "old")})},
    deliveries=[Deliveries("default", TYPE, "person.updated", NOW - 1_000, 1)],
    rates=Rates(60.0, 1.0, {"default": {"stored": 1.0}}),
    samples={},
)


def of_group(**figures: Any) -> Known:
    """A group that stands otherwise."""
    return msgspec.structs.replace(QUIET, stats=replace(QUIET.stats, groups=(replace(CRM, **figures),)))


def known(**parts: Any) -> Known:
    """Something else that is otherwise."""
    return msgspec.structs.replace(QUIET, **parts)


def outcomes(**by: float) -> Known:
    """Other answers a second."""
    return known(rates=Rates(60.0, 1.0, {"default": dict(by)}))


def last(hours: float) -> Known:
    """The latest delivery was so long ago; what was refused meanwhile is none."""
    rows = [
        Deliveries("default", TYPE, "person.updated", NOW - int(hours * HOUR), 1),
        Deliveries("default", OUTCOME, "rejected", NOW, 1),
    ]
    return known(deliveries=rows)


def growing(by: int) -> Known:
    """A group whose backlog grew by so much in five minutes."""
    first, second = (
        GroupSample(NOW - 300_000, 5_000 - by, 0, 0, 0, 0, 0, 0),
        GroupSample(NOW, 5_000, 0, 0, 0, 0, 0, 0),
    )
    return msgspec.structs.replace(of_group(lag=5_000), samples={"crm": (first, second)})


def keys(*second: str) -> Known:
    """Another receiver, with these keys."""
    return known(receivers={**QUIET.receivers, "two": Announcement(version="1", sources={"default": second})})


def memory(used: int) -> Known:
    """A store that uses so much of 100."""
    return known(stats=replace(QUIET.stats, partitions=(PartitionStats(0, 10, 0, used, 100),)))


def kinds(found: tuple[Condition, ...]) -> list[tuple[Severity, Kind, str]]:
    """Without the words."""
    return [(each.severity, each.kind, each.subject) for each in found]


@pytest.mark.parametrize(
    ("seen", "severity", "kind", "subject"),
    [
        pytest.param(of_group(dead=3), Severity.WARNING, Kind.DEAD_LETTERS, "crm", id="dead letters"),
        pytest.param(of_group(lag=1, consumers=0), Severity.CRITICAL, Kind.NO_CONSUMERS, "crm", id="nobody works"),
        pytest.param(of_group(pause=Pause.MANUAL), Severity.WARNING, Kind.PAUSED, "crm", id="paused"),
        pytest.param(
            of_group(pause=Pause.MANUAL, lag=1, consumers=0), Severity.WARNING, Kind.PAUSED, "crm", id="no two"
        ),
        pytest.param(of_group(unhandled=1), Severity.WARNING, Kind.NO_HANDLER, "crm", id="no handler"),
        pytest.param(of_group(oldest_age_seconds=1_801.0), Severity.WARNING, Kind.BEHIND, "crm", id="behind"),
        pytest.param(growing(600), Severity.WARNING, Kind.GROWING, "crm", id="growing"),
        pytest.param(outcomes(rejected=2.0), Severity.CRITICAL, Kind.SIGNATURES, "default", id="all refused"),
        pytest.param(
            outcomes(rejected=2.0, stored=1.0), Severity.WARNING, Kind.SIGNATURES, "default", id="some refused"
        ),
        pytest.param(outcomes(store_full=0.1), Severity.CRITICAL, Kind.NOT_STORED, "default", id="not stored"),
        pytest.param(last(2), Severity.NOTE, Kind.SILENT, "default", id="silent"),
        pytest.param(keys("old"), Severity.WARNING, Kind.KEYS_DIFFER, "default", id="keys differ"),
        pytest.param(known(receivers={}), Severity.CRITICAL, Kind.NO_RECEIVER, "", id="no receiver"),
        pytest.param(
            known(receivers={}, rates=Rates(60.0, 1.0, {})), Severity.WARNING, Kind.NO_RECEIVER, "", id="older ones"
        ),
        pytest.param(memory(95), Severity.CRITICAL, Kind.MEMORY, "", id="memory"),
    ],
)
def test_each_is_found(seen: Known, severity: Severity, kind: Kind, subject: str) -> None:
    """One condition, and no other beside it."""
    assert kinds(conditions(seen)) == [(severity, kind, subject)]


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(QUIET, id="quiet"),
        pytest.param(growing(-600), id="shrinking"),
        pytest.param(outcomes(not_swapped=1.0, too_large=1.0), id="others' faults"),
        pytest.param(last(0.5), id="half an hour"),
        pytest.param(last(24 * 8), id="given up"),
        pytest.param(keys("new"), id="old key taken away"),
        pytest.param(memory(89), id="room"),
    ],
)
def test_what_is_as_it_should_be_is_not_reported(seen: Known) -> None:
    """Nothing is said that nobody could act on."""
    assert conditions(seen) == ()


def test_the_most_urgent_comes_first() -> None:
    """Whoever opens the page reads from the top."""
    seen = msgspec.structs.replace(of_group(dead=1, lag=1, consumers=0), deliveries=last(2).deliveries)

    assert [each.severity for each in conditions(seen)] == [Severity.CRITICAL, Severity.WARNING, Severity.NOTE]


@pytest.mark.parametrize("kind", list(Kind))
def test_each_has_a_runbook(kind: Kind) -> None:
    """The page that it names is there."""
    found = Condition(Severity.NOTE, kind, "", "")

    assert (Path("docs/runbooks") / f"{found.runbook}.md").is_file()
