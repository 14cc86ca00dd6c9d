"""`notify preview`: what would be said, without sending it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console
from tests.support.broker_driver import Driven

MESSAGES = {
    "email.replied": {"title": "New reply", "body": "{email_address}: {subject}", "facts": {"Status": "{status}"}},
    "person.*": {"title": "Person", "body": "{person_id}"},
}


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A handlers file with two messages and an address that nobody listens at."""
    section: dict[str, Any] = {"messages": MESSAGES, "default_urls": ["slack+https://127.0.0.1:9/a-secret"]}
    file = tmp_path / "handlers.yaml"
    file.write_text(yaml.safe_dump({"notify": section}), "utf-8")
    monkeypatch.setenv("HANDLERS_FILE", str(file))
    return section


@pytest.mark.usefixtures("configured")
def test_every_message_is_shown_for_people(console: Console) -> None:
    """With an invented event of each, as its recipient's service has it, and without the address."""
    result = console.run("notify", "preview")

    assert result.exit_code == 0, result.stderr
    assert "for default, slack:\n  New reply\n" in result.stdout
    assert "Status: sent" in result.stdout
    assert "https://app.salesloft.com/app/people/" in result.stdout
    assert "a-secret" not in result.stdout + result.stderr


@pytest.mark.usefixtures("configured")
def test_what_is_posted_is_shown_for_programs(console: Console) -> None:
    """In each shape that is asked for; together it is one message."""
    apart = console.run("notify", "preview", "--json", "--as", "slack", "--as", "teams")
    together = console.run("notify", "preview", "--json", "--together", "--as", "slack")

    rows = json.loads(apart.stdout)
    assert [(row["service"], len(row["events"])) for row in rows] == [("slack", 1), ("teams", 1)] * 2
    assert rows[0]["payload"]["blocks"][0]["text"]["text"] == "New reply"
    assert rows[1]["payload"]["attachments"][0]["content"]["type"] == "AdaptiveCard"
    (row,) = json.loads(together.stdout)
    headers = [each["text"]["text"] for each in row["payload"]["blocks"] if each["type"] == "header"]
    assert headers == ["New reply", "Person"]


@pytest.mark.usefixtures("configured")
def test_a_stored_event_is_shown_as_it_would_be_told(console: Console) -> None:
    """By its id; and one for which there is no message is an error."""

    async def arrange(driven: Driven) -> None:
        await driven.publish("told", event_type="person.updated", person=7)
        await driven.publish("untold", event_type="call.completed", person=7)

    console.arrange(arrange)

    told = console.run("notify", "preview", "--event", "told", "--as", "text")
    untold = console.run("notify", "preview", "--event", "untold")

    assert told.stdout == "told for default, json:\n  Person\n  1\n"
    assert untold.exit_code == ExitCode.FAILED
    assert "no message is for that event" in untold.stderr


def test_without_addresses_every_shape_is_shown(console: Console) -> None:
    """Of the default message, without a handlers file; and events come from one place only."""
    result = console.run("notify", "preview")
    both = console.run("notify", "preview", "--event", "a", "--dead", "b")

    assert [line.rpartition(", ")[2] for line in result.stdout.splitlines() if "for default" in line] == [
        "slack:",
        "teams:",
        "json:",
    ]
    assert both.exit_code == ExitCode.USAGE
