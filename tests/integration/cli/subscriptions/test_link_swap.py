"""`linkSwap` in a declaration: the command subscribes to it, a receiver answers, and a mail has other links."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.simulator.sales_team import LINK_SWAP
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


def swaps(team: Team) -> list[tuple[str, str]]:
    """Where it is asked, and with which token."""
    found = team.salesloft.subscriptions()
    return [(each["callback_url"], each["callback_token"]) for each in found if each["event_type"] == LINK_SWAP]


def test_mails_are_asked_about_while_it_is_declared(team: Team) -> None:
    """Created with the rest, signed with a token of its own; gone when it is switched off, and events stay."""
    team.declare(*EVENTS, linkSwap={"enabled": True, "callbackUrl": team.url})
    applied = team.run("apply", "--yes", "--json")
    swapped, there = team.salesloft.mail(), swaps(team)
    team.declare(*EVENTS, linkSwap={"enabled": False, "callbackUrl": team.url})
    ended = team.run("apply", "--yes", "--allow-deletes")

    assert (applied.code, ended.code) == (0, 0), applied.err + ended.err
    assert ("create", LINK_SWAP) in [(row["action"], row["event"]) for row in applied.document["changes"]]
    state = applied.document["state"]
    assert (state["delivered"], state["wanted"], state["as_declared"]) == (len(EVENTS) + 1, len(EVENTS) + 1, True)
    assert there == [(team.url, token(LINK_SWAP, OLD))]
    assert {link.rpartition("/")[0] for link in swapped.links.values()} == {"https://t.example"}
    assert (swaps(team), team.salesloft.mail().status) == ([], None)
    assert team.is_as_declared(OLD)


def test_it_has_an_address_of_its_own_unless_one_is_said(team: Team) -> None:
    """Below the callback URL; what others have there is not ours, and `list` shows which address each goes to."""
    team.declare(*EVENTS, linkSwap={"enabled": True})
    theirs = team.salesloft.add(LINK_SWAP, f"{team.url}/link-swap", "somebody's token")

    applied = team.run("apply", "--yes")
    listed = team.run("list", "--json")

    assert applied.code == 0, applied.err
    assert f"link_swap is asked at {team.url}/link-swap" in applied.err
    assert f"left as they are: {theirs}" in applied.err
    found = {each["event"]: each["address"] for each in listed.document["subscriptions"] if each["whose"] == "ours"}
    assert found == {**dict.fromkeys(EVENTS, team.url), LINK_SWAP: f"{team.url}/link-swap"}
