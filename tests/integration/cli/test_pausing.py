"""`groups pause` and `groups resume`, beside what is declared in Kubernetes."""

import pytest

from salesloft_webhooks.broker.administration.stored_pause import Pause, StoredPause, find_pauses, replace_pause
from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console, Step, one_waiting
from tests.support.broker_driver import Driven


def test_groups_are_paused_and_resumed(console: Console) -> None:
    """The list shows it, with its end if it has one."""
    console.arrange(one_waiting)

    console.run("groups", "pause", "crm", "--for", "15m", "--reason", "moving the\nCRM")
    (paused,) = console.read("groups", "list")["groups"]
    console.run("groups", "resume", "crm")
    (resumed,) = console.read("groups", "list")["groups"]

    assert (paused["pause"], paused["pause_reason"]) == ("manual", "moving the CRM")
    assert 890 < paused["pause_seconds"] <= 900
    assert resumed["pause"] == "none"
    assert console.run("groups", "pause", "cmr").exit_code == ExitCode.FAILED


async def declared(driven: Driven, minutes: int | None = None) -> None:
    """A group that an object of Kubernetes pauses."""
    await one_waiting(driven)
    for found in (await find_pauses(driven.store, ["crm"]))["crm"]:
        until = None if minutes is None else found.now_ms + minutes * 60_000
        pause = StoredPause(Pause.DECLARED, until, "moving the CRM", "salesloft/crm")
        assert await replace_pause(driven.store, "crm", found, pause)


async def declared_for_an_hour(driven: Driven) -> None:
    """With an end."""
    await declared(driven, 60)


def test_what_declares_a_pause_is_shown(console: Console) -> None:
    """In the list, in `status`, and as a field of its own for programs."""
    console.arrange(declared_for_an_hour)

    (row,) = console.read("groups", "list")["groups"]

    assert (row["pause"], row["pause_by"], row["pause_reason"]) == ("declared", "salesloft/crm", "moving the CRM")
    assert "paused by ConsumerGroup salesloft/crm, for 59 min" in console.run("status").stdout


@pytest.mark.parametrize("arranged", [declared, declared_for_an_hour], ids=["endless", "an hour"])
def test_a_longer_declared_pause_is_left_as_it_is(console: Console, arranged: Step) -> None:
    """A short pause by hand in its place would end it early; the command says why it does nothing."""
    console.arrange(arranged)

    result = console.run("groups", "pause", "crm", "--for", "15m")

    assert result.exit_code == ExitCode.OK
    assert "by ConsumerGroup salesloft/crm" in result.stderr
    assert console.read("groups", "list")["groups"][0]["pause"] == "declared"


def test_a_shorter_declared_pause_is_replaced(console: Console) -> None:
    """Whoever pauses for longer has paused it."""
    console.arrange(declared_for_an_hour)

    console.run("groups", "pause", "crm", "--for", "2h")

    assert console.read("groups", "list")["groups"][0]["pause"] == "manual"


def test_who_resumes_a_declared_pause_is_told_that_it_comes_back(console: Console) -> None:
    """It ends at once, and for good only where it is declared."""
    console.arrange(declared)

    result = console.run("groups", "resume", "crm")

    assert console.read("groups", "list")["groups"][0]["pause"] == "none"
    assert "the operator will pause it again: ConsumerGroup salesloft/crm declares it" in result.stderr
