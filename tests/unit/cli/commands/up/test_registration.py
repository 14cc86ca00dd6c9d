"""A demo's subscriptions are registered, mended, and spoken of, whatever becomes of its SalesLoft."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from salesloft_webhooks.background import Background
from salesloft_webhooks.cli.commands.up import registration
from salesloft_webhooks.cli.commands.up.registration import Registration, declare, open_demo, summary
from salesloft_webhooks.simulator.platform import Fault, SimulatedPlatform
from salesloft_webhooks.subscriptions import Create, Delete, Desired, Enable, MasterKey, Step, load_declaration
from tests.support.waiting import eventually

TOKEN = "an-invented-token"
KEY = MasterKey(b"an-invented-callback-secret")
URL = "http://127.0.0.1:8000/webhooks/salesloft"
EVENTS = frozenset({"call_created", "note_created", "person_created", "person_updated", "task_created"})

Running = Callable[[SimulatedPlatform], AbstractAsyncContextManager[list[str]]]


@pytest.fixture
async def platform() -> AsyncIterator[SimulatedPlatform]:
    """A SalesLoft without a subscription."""
    async with SimulatedPlatform() as platform:
        platform.access.allow(TOKEN)
        yield platform


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Running:
    """Keeps the subscriptions of a platform without much waiting; yields what it says."""
    monkeypatch.setattr(registration, "RESYNC_SECONDS", 0.02)
    monkeypatch.setattr(registration, "AGAIN_SECONDS", 0.02)
    monkeypatch.setattr("salesloft_webhooks.subscriptions.carrying_out.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("salesloft_webhooks.subscriptions.reconciliation.SOON_SECONDS", 0.02)

    @asynccontextmanager
    async def running(platform: SimulatedPlatform) -> AsyncIterator[list[str]]:
        said: list[str] = []
        login = {"SALESLOFT_API_URL": platform.url, "SALESLOFT_API_TOKEN": TOKEN}
        desired = Desired(callback_url=URL, events=EVENTS)
        async with open_demo(login) as salesloft, Background() as background:
            background.repeat(Registration(salesloft, desired, KEY, said.append).step, name="registration")
            yield said

    return running


async def test_what_is_missing_is_registered_once(platform: SimulatedPlatform, running: Running) -> None:
    """Each event type with its own token, to our address; then there is nothing left to do, and nothing to say."""
    async with running(platform) as said:
        await eventually(lambda: platform.rate_limit.spent > 12, description="it has looked again")

    found = list(platform.subscriptions)
    assert {each["event_type"]: each["callback_token"] for each in found} == {name: KEY.token(name) for name in EVENTS}
    assert {each["callback_url"] for each in found} == {URL}
    assert len(found) == len(EVENTS)
    assert said == ["subscriptions: 5 event types registered at SalesLoft"]


async def test_what_somebody_changes_is_mended(platform: SimulatedPlatform, running: Running) -> None:
    """Deleted: registered again; switched off: enabled; not wanted: deleted; somebody else's: left alone."""
    async with running(platform) as said:
        await eventually(lambda: len(said) == 1, description="all is there")
        ours = {each["event_type"]: each["id"] for each in platform.subscriptions}
        for event, url, token in (
            ("user_created", URL, KEY.token("user_created")),
            ("user_updated", "https://elsewhere.example.com", "t"),
        ):
            platform.subscriptions.create({"event_type": event, "callback_url": url, "callback_token": token})
        platform.subscriptions.delete(ours["note_created"])
        platform.subscriptions.update(ours["call_created"], {"enabled": "false"})
        wanted = EVENTS | {"user_updated"}
        await eventually(
            lambda: sorted(each["event_type"] for each in platform.subscriptions if each["enabled"]) == sorted(wanted),
            description="all is as it should be",
        )
        await eventually(lambda: len(said) == 4, description="it is said")

    assert said[1:] == [
        "subscriptions: note_created registered at SalesLoft",
        "subscriptions: call_created enabled again, which somebody had disabled",
        "subscriptions: user_created deleted, which nobody wants",
    ]


async def test_a_failure_is_said_once_and_passes(platform: SimulatedPlatform, running: Running) -> None:
    """While SalesLoft answers that the token is not valid, nothing else is said; afterwards all is registered."""
    platform.faults.order(Fault.REVOKED, times=8)

    async with running(platform) as said:
        await eventually(lambda: len(said) == 2, description="all is there")

    assert len(list(platform.subscriptions)) == len(EVENTS)
    assert said[0].startswith("subscriptions: ")
    assert said[1] == "subscriptions: 5 event types registered at SalesLoft"


async def test_one_empty_list_is_not_believed(
    platform: SimulatedPlatform, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one plan has seen the next one knows: nothing is registered twice for a moment of SalesLoft being wrong."""
    monkeypatch.setattr(sys.modules["salesloft_webhooks.subscriptions.plan"], "SECOND_LOOK_SECONDS", 0.02)

    async with running(platform) as said:
        await eventually(lambda: platform.rate_limit.spent > 8, description="all is there, and was seen to be")
        platform.faults.order(Fault.EMPTY, method="GET")
        await eventually(lambda: not platform.faults.left, description="an empty list was read")
        spent = platform.rate_limit.spent
        await eventually(lambda: platform.rate_limit.spent > spent + 3, description="it has looked again")

    assert len(list(platform.subscriptions)) == len(EVENTS)
    assert len(said) == 1


def test_what_is_wanted_can_be_read_by_people_and_commands(tmp_path: Path) -> None:
    """The file that is written is the declaration which the commands of `subscriptions` take."""
    path = tmp_path / "subscriptions.yaml"

    desired = declare(path, "https://hooks.example.com/webhooks/salesloft", EVENTS)

    assert desired == load_declaration("--file", path).desired
    assert (desired.callback_url, desired.events) == ("https://hooks.example.com/webhooks/salesloft", EVENTS)
    assert "note_created, person_created" in path.read_text("utf-8")


def test_few_are_named_and_many_are_counted() -> None:
    """A line for each kind of step that was taken."""
    steps: list[Step] = [
        *(Create(event=name, key=0) for name in ("a", "b", "c", "d")),
        *(Enable(event=name, id=1) for name in ("e", "f")),
        Delete(event="g", id=2, reason="unwanted"),
    ]

    assert summary(steps) == [
        "4 event types registered at SalesLoft",
        "e, f enabled again, which somebody had disabled",
        "g deleted, which nobody wants",
    ]


def test_a_genuine_login_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in the environment for the real SalesLoft neither wins nor disturbs."""
    monkeypatch.setenv("SALESLOFT_CLIENT_ID", "genuine")
    monkeypatch.setenv("SALESLOFT_CLIENT_SECRET", "genuine")
    monkeypatch.setenv("SALESLOFT_API_TOKEN_FILE", "/genuine/token")
    taken: list[object] = []
    monkeypatch.setattr(registration, "open_salesloft", taken.append)

    open_demo({"SALESLOFT_API_URL": "http://127.0.0.1:1/v2", "SALESLOFT_API_TOKEN": TOKEN})

    assert "genuine" not in repr(taken)
