"""`send` against a real server: what arrives, what is reported, which exit code tells it."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.dialects import DialectKeys
from tests.support.fake_receiver import Listener
from tests.support.servers import free_port

SECRET, MASTER = "an-invented-secret-value", "short"  # which is worth a remark, and must not disturb the output
KEYS = DialectKeys(envelope_secrets=(SECRET.encode(),), callback_secrets=(MASTER.encode(),))


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listening server."""
    with Listener(KEYS).listening() as listener:
        yield listener


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESLOFT_WEBHOOK_SECRET", f"{SECRET},an-older-one")
    monkeypatch.setenv("SALESLOFT_CALLBACK_SECRET", MASTER)


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """The command sets up logging for its whole process, which here is that of all tests."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def send(*arguments: str, stdin: str | None = None) -> Result:
    """Run the command."""
    return CliRunner().invoke(application(), ["send", *arguments], input=stdin)


def summary(*arguments: str) -> dict[str, Any]:
    """Run the command for its JSON."""
    document: dict[str, Any] = json.loads(send(*arguments, "--json").stdout)
    return document


def test_without_options_one_event_is_sent(listener: Listener) -> None:
    """The shortest command sends one signed simulated event and succeeds."""
    result = send(listener.url)

    assert result.exit_code == 0
    assert len(listener.events) == 1


def test_a_mixture_is_answered_as_expected(listener: Listener) -> None:
    """Genuine ones and duplicates are accepted, forgeries refused, all in both dialects: exit code 0."""
    arguments = ("--count", "300", "--duplicates", "0.2", "--forgeries", "0.2", "--seed", "3")

    result = summary(listener.url, *arguments)

    assert result["sent"].keys() == {"genuine", "duplicate", "forgery"}
    assert (result["expected"], result["unexpected"]) == (300, 0)
    assert len(listener.events) == result["sent"]["genuine"] + result["sent"]["duplicate"]
    assert {answer["status"] for answer in result["answers"]} == {200, 401}
    assert 0 < result["latency_seconds"]["p50"] <= result["latency_seconds"]["max"]


def test_connections_are_kept_open(listener: Listener) -> None:
    """Deliveries share a few connections instead of opening one each."""
    send(listener.url, "--count", "200", "--concurrency", "4")

    assert listener.deliveries == 200
    assert len(listener.clients) <= 4


@pytest.mark.parametrize(
    ("dialect", "event_id"), [("envelope", "evt-1"), ("native", "person.updated/5/2026-03-07T04:26:14.000000Z")]
)
def test_one_event_with_own_data(listener: Listener, tmp_path: Path, dialect: str, event_id: str) -> None:
    """A type and data of one's own arrive as the event they describe, whatever the dialect."""
    file = tmp_path / "person.json"
    file.write_text('{"id": 5, "updated_at": "2026-03-07T04:26:14Z"}')
    arguments = ["--event", "person.updated", "--data", str(file), "--dialect", dialect, "--event-id", "evt-1"]

    result = send(listener.url, *arguments)

    (event,) = listener.events
    assert result.exit_code == 0
    assert (event.event_type, event.event_id, event.entity_key) == ("person.updated", event_id, "person:5")


def test_an_envelope_names_its_person(listener: Listener) -> None:
    """What `send` writes has the `person_id` a relay's envelope has, found where the resource keeps it."""
    note = '{"id": 3, "associated_type": "person", "associated_with": {"id": 7}}'
    arguments = ("--event", "note.created", "--data", "-", "--dialect", "envelope")

    send(listener.url, *arguments, stdin=note)
    send(listener.url, "--event", "email.opened", "--dialect", "envelope")

    given, simulated = listener.bodies
    assert given["data"]["person_id"] == 7
    assert simulated["data"]["person_id"] == simulated["data"]["recipient"]["id"]


def test_data_may_come_from_stdin(listener: Listener) -> None:
    """A dash reads the data from a pipe, and SalesLoft's own names are understood in the envelope dialect too."""
    result = send(listener.url, "--event", "person_updated", "--data", "-", stdin='{"id": 6}')

    assert result.exit_code == 0
    assert listener.events[0].event_type == "person.updated"


@pytest.mark.parametrize("form", ["lines", "array"])
def test_a_file_of_events_is_sent_in_order(listener: Listener, tmp_path: Path, form: str) -> None:
    """Events of a file arrive with their ids, in the file's order where one at a time is under way."""
    events = [{"event_type": "person.updated", "event_id": f"evt-{n}", "data": {"id": n}} for n in range(5)]
    file = tmp_path / "events"
    file.write_text(json.dumps(events) if form == "array" else "\n\n".join(map(json.dumps, events)))

    result = send(listener.url, "--file", str(file), "--dialect", "envelope", "--concurrency", "1")

    assert result.exit_code == 0
    assert [event.event_id for event in listener.events] == [f"evt-{n}" for n in range(5)]


def test_a_key_from_a_file_replaces_the_settings(listener: Listener, tmp_path: Path) -> None:
    """With --secret-file no setting is needed, and only that key signs."""
    file = tmp_path / "secret"
    file.write_text("a-wrong-secret\n")

    wrong = send(listener.url, "--secret-file", str(file))
    file.write_text(f"{SECRET}\n")
    right = send(listener.url, "--secret-file", str(file))

    assert (wrong.exit_code, right.exit_code) == (1, 0)


def test_unexpected_answers_are_exit_code_1() -> None:
    """A server that refuses what it should accept, or redirects it, makes a script fail."""
    for status in (500, 302):
        with Listener(KEYS, status=status).listening() as listener:
            result = send(listener.url, "--json")

        assert result.exit_code == 1
        assert [answer["status"] for answer in json.loads(result.stdout)["answers"]] == [status]


def test_an_accepted_forgery_is_unexpected() -> None:
    """A forgery that gets in is as unexpected as a genuine delivery that does not: here, an old recording."""
    with Listener(KEYS, tolerance_seconds=1e9).listening() as listener:
        result = send(listener.url, "--dialect", "envelope", "--forgeries", "1", "--count", "50", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["unexpected"] == len(listener.events) > 0


def test_nobody_there_is_exit_code_3() -> None:
    """Nobody listening ends the run soon, however many deliveries were asked for."""
    result = send(f"http://127.0.0.1:{free_port()}/", "--count", "100000", "--json")

    assert result.exit_code == 3
    assert json.loads(result.stdout)["unexpected"] < 1000


@pytest.mark.parametrize(
    "arguments",
    [
        ["ftp://example.com/"],
        ["--event", "nothing.known"],
        ["--data", "-"],
        ["--event-id", "evt-1"],
        ["--file", "-", "--event", "person.updated"],
        ["--event", "person.updated", "--data", "-", "--count", "5"],
        ["--event", "email.opened", "--data", "-", "--dialect", "native"],
        ["--file", "gone.json"],
        ["--source", "unknown"],
        ["--duplicates", "0.6", "--forgeries", "0.6"],
        ["--dialect", "sideways"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    """What cannot be meant is refused before anything is sent."""
    assert send(*arguments, stdin='{"id": 1}').exit_code == 2


@pytest.mark.parametrize("content", ["", "[]", "nonsense", '{"event_type": "x"}', '{"event_type": "x", "data": 1}'])
def test_wrong_files_are_exit_code_2(content: str) -> None:
    """A file that holds no events is refused, with its line."""
    assert send("--file", "-", stdin=content).exit_code == 2


def test_without_keys_nothing_can_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key in the settings is a wrong setting."""
    monkeypatch.delenv("SALESLOFT_WEBHOOK_SECRET")
    monkeypatch.delenv("SALESLOFT_CALLBACK_SECRET")

    assert send().exit_code == 2


def test_a_dialect_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for a dialect there is no key for is a wrong setting, not a delivery that fails."""
    monkeypatch.delenv("SALESLOFT_CALLBACK_SECRET")

    assert send("--dialect", "native").exit_code == 2


def test_the_source_is_chosen_by_name(listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where several sources are configured, one must be named, and its keys sign."""
    sources = [
        {"name": "east", "path": "/east", "envelope_secret": "another-invented-value"},
        {"name": "west", "path": "/west", "envelope_secret": SECRET},
    ]
    (tmp_path / "sources.json").write_text(json.dumps({"sources": sources}))
    monkeypatch.setenv("SOURCES_FILE", str(tmp_path / "sources.json"))
    monkeypatch.delenv("SALESLOFT_WEBHOOK_SECRET")
    monkeypatch.delenv("SALESLOFT_CALLBACK_SECRET")

    codes = [send(listener.url, *choice).exit_code for choice in ((), ("--source", "east"), ("--source", "west"))]

    assert codes == [2, 1, 0]
