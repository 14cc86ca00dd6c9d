"""What `status` says beside a group's figures."""

from io import StringIO

import pytest
from rich.console import Console

from salesloft_webhooks.broker.administration.stats import GroupStats, PartitionStats, Stats
from salesloft_webhooks.cli.commands.status import outlook, table
from salesloft_webhooks.settings import Settings


def test_each_fact_is_said_once() -> None:
    """Why events are retried, and how many wait for a handler, stand there once each."""
    written = StringIO()

    Console(file=written, width=200).print(
        table([GroupStats("crm", pending=3, unhandled=3, retry_reason="ValueError: no")])
    )

    said = " ".join(written.getvalue().split())
    assert said.count("3 wait for") == said.count("ValueError: no") == 1


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (GroupStats("crm", follow_ups=3, next_follow_up_seconds=7_200.0), "3 follow-ups wait, the first is due in 2 h"),
        (GroupStats("crm", follow_ups=1, next_follow_up_seconds=-5.0), "1 follow-up waits, the first is due"),
    ],
    ids=["later", "due"],
)
def test_follow_ups_that_wait_are_said_with_the_time_of_the_first(group: GroupStats, said: str) -> None:
    """How many, and when the first of them is due."""
    written = StringIO()

    Console(file=written, width=200).print(table([group]))

    assert " ".join(written.getvalue().split()).endswith(said)


def test_what_will_be_needed_is_foreseen() -> None:
    """How far history reaches, at which rate, and whether the memory there is will do."""
    day = PartitionStats(0, 864_000, 0, 2**29, 2**30, 864_000_000, 43_200.0)

    line = outlook(Stats((GroupStats("crm"),), (day,)), Settings.load())

    assert line.startswith("history: 12 h of 1 d, at 20.0 events/s it and the records need 2.05 GiB")
    assert line.endswith("more than there is: it will be shorter")


@pytest.mark.parametrize(("servers", "enough"), [(1, False), (3, True)])
def test_what_all_servers_may_use_is_compared(servers: int, *, enough: bool) -> None:
    """Three servers of a cluster with equal limits have three times as much; partitions of one share its limit."""
    third = [
        PartitionStats(number, 288_000, 0, 2**29, 2**30, 288_000_000, 43_200.0, server=number % servers)
        for number in range(3)
    ]

    line = outlook(Stats((GroupStats("crm"),), tuple(third)), Settings.load())

    assert line.startswith("history: 12 h of 1 d, at 20.0 events/s it and the records need 2.05 GiB")
    assert line.endswith("2.05 GiB") is enough


def test_nothing_is_foreseen_from_nothing() -> None:
    """In the first minute there is no rate to reckon with."""
    assert outlook(Stats((), (PartitionStats(0, 5, 0, 2**29, 0, 5_000, 3.0),)), Settings.load()) == ""
