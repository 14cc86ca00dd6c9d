"""Searches in stores that are not as they should be: another clock, a key that is gone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request

from salesloft_webhooks.broker.body_encryption import key_line
from salesloft_webhooks.console.event_question import read_question
from salesloft_webhooks.console.people import Role
from tests.console.served import Served
from tests.console.stored_events import an_event, store_events
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server


def test_what_cannot_be_looked_into_is_said(
    valkey: Server, console: ConsoleProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search for a text tells how many bodies it could not read, and why; one that needs no body says nothing."""
    file = tmp_path / "keys"
    file.write_text(key_line())
    monkeypatch.setenv("BODY_KEY_FILE", str(file))
    store_events(valkey, an_event("sealed-1"), an_event("sealed-2", person=2))

    asked = console.post("/search", {"text": "robin@example.com"}).headers["location"]

    found = console.json(asked)
    assert (found["rows"], found["unreadable"]) == ([], 2)
    page = console.get(asked).body.decode()
    assert "could not be looked into: encrypted with the key" in page
    assert console.json(f"{asked}&person=2")["unreadable"] == 1
    assert console.json("/events?person=2")["unreadable"] == 0


async def test_times_are_the_stores(served: Callable[..., Served]) -> None:
    """`10m` is ten minutes before the store's clock, by which entries are stored, and not before the console's own."""
    running = served(Role.VIEW)
    request = Request({"type": "http", "query_string": b"since=10m", "headers": []})
    request.state.person = running.sign_in.who

    question = read_question(request, replace(running.console, now=lambda: 1_000_000_000.0))

    assert question.query.since is not None
    assert question.query.since.timestamp() == 1_000_000_000.0 - 600
