"""`linkSwap` in a declaration: the command subscribes to it, a receiver answers, and a mail has other links."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.simulator.platform import Behaviour
from salesloft_webhooks.simulator.platform.outgoing_mail import OutgoingMail, SentMail
from salesloft_webhooks.simulator.sales_team import LINK_SWAP, SalesTeam
from tests.integration.cli.subscriptions.team import EVENTS, OLD, Team, token
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server

SWAPPING = """
async def swap(request):
    return {link: f"https://t.example/{number}" for number, link in enumerate(request.links)}
"""


@pytest.fixture
def receiver(valkey: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReceiverProcess]:
    """A receiver that answers link swaps as well, at the path of events."""
    keys = tmp_path / "keys"
    keys.write_text(f"{OLD}\n")
    (tmp_path / "swapping_for_tests.py").write_text(SWAPPING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    settings = {"LINK_SWAP_HANDLER": "swapping_for_tests:swap", "LINK_SWAP_ALLOWED_HOSTS": "t.example"}
    with ReceiverProcess(valkey.url, {"SALESLOFT_CALLBACK_SECRET_FILE": str(keys), **settings}) as process:
        yield process


def mail(team: Team) -> SentMail:
    """One that is sent now."""
    subscriptions = team.salesloft.platform.subscriptions
    written = SalesTeam(Random(7), datetime.now(UTC)).next_of(LINK_SWAP).resource
    return asyncio.run(OutgoingMail(subscriptions, Behaviour()).send(written))


def swaps(team: Team) -> list[tuple[str, str]]:
    """Where it is asked, and with which token."""
    found = team.salesloft.subscriptions()
    return [(each["callback_url"], each["callback_token"]) for each in found if each["event_type"] == LINK_SWAP]


def test_mails_are_asked_about_while_it_is_declared(team: Team) -> None:
    """Created with the rest, signed with a token of its own; gone when it is switched off, and events stay."""
    team.declare(*EVENTS, linkSwap={"enabled": True, "callbackUrl": team.url})
    planned = team.run("plan", "--json")
    applied = team.run("apply", "--yes")
    swapped, there = mail(team), swaps(team)
    as_declared = team.run("plan", "--json")
    team.declare(*EVENTS, linkSwap={"enabled": False, "callbackUrl": team.url})
    ended = team.run("apply", "--yes", "--allow-deletes")

    assert (planned.code, applied.code, as_declared.code, ended.code) == (ExitCode.DRIFT, 0, 0, 0), applied.err
    assert ("create", LINK_SWAP) in [(row["action"], row["event"]) for row in planned.document["subscriptions"]]
    assert f"link_swap is asked at {team.url}" in applied.err
    assert [(each["delivered"], each["wanted"]) for each in (planned.document, as_declared.document)] == [
        (0, len(EVENTS) + 1),
        (len(EVENTS) + 1, len(EVENTS) + 1),
    ]
    assert there == [(team.url, token(LINK_SWAP, OLD))]
    assert (swapped.status, all(link.startswith("https://t.example/") for link in swapped.links.values())) == (
        200,
        True,
    )
    assert (swaps(team), mail(team).status) == ([], None)
    assert team.is_as_declared(OLD)


def test_it_has_an_address_of_its_own_unless_one_is_said(team: Team) -> None:
    """Below the callback URL; `list` shows which, others' there are not ours, and `remove` takes it along."""
    team.declare(*EVENTS, linkSwap={"enabled": True})
    theirs = team.salesloft.add(LINK_SWAP, f"{team.url}/link-swap", "somebody's token")

    applied = team.run("apply", "--yes", "--json")
    listed = team.run("list", "--json")
    removed = team.run("remove", "--yes")

    assert (applied.code, removed.code) == (0, 0), applied.err + removed.err
    assert applied.document["state"]["foreign"] == [theirs]
    assert applied.document["state"]["link_swap_url"] == f"{team.url}/link-swap"
    found = {each["event"]: each["address"] for each in listed.document["subscriptions"] if each["whose"] == "ours"}
    assert found == {**dict.fromkeys(EVENTS, team.url), LINK_SWAP: f"{team.url}/link-swap"}
    assert [each["id"] for each in team.salesloft.subscriptions()] == [theirs]
