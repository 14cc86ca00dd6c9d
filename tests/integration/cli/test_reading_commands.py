"""The reading commands against a real store: a table for people, the same facts as JSON for scripts."""

import pytest

from salesloft_webhooks.broker import quarantine
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.errors import UnreadableReason
from tests.integration.cli.administered import (
    Console,
    one_failed_twice,
    one_handled,
    one_of_each,
    one_waiting,
    two_dead,
)
from tests.support.broker_driver import Driven


def test_status_shows_every_group(console: Console) -> None:
    """People get a table, scripts the same numbers."""
    console.arrange(two_dead)
    console.arrange(one_waiting)

    (crm,) = console.read("status")["groups"]
    text = console.run("status").stdout

    assert (crm["group"], crm["dead"], crm["lag"]) == ("crm", 2, 0)
    assert "crm" in text
    assert "2 entries" in text


def test_status_says_what_somebody_should_look_at(console: Console) -> None:
    """In words below the table; for programs with the runbook, beside what else the console's first page shows."""
    console.arrange(two_dead)

    document, text = console.read("status"), console.run("status").stdout

    assert "warning: crm: 2 dead letters wait for somebody" in text
    assert "SalesloftWebhooksDeadLetters" in [each["runbook"] for each in document["conditions"]]
    assert {"deliveries", "receivers", "rates"} <= document.keys()


def test_a_group_is_shown_with_what_it_holds(console: Console) -> None:
    """Who runs what, why others are tried again, and who waits for whom."""
    console.arrange(one_of_each)

    found, text = console.read("groups", "show", "crm"), console.run("groups", "show", "crm").stdout

    held = found["holdings"]
    assert [row["event_id"] for row in held["running"]] == ["running"]
    assert held["retries"]["by_error"] == {"HTTPStatusError": 1}
    assert [(row["lane"], row["waiting"], row["event_id"]) for row in held["lanes"]] == [("person:2", 1, "retried")]
    for words in ("takes *; order: entity", "running", "HTTPStatusError", "person:2", "comes again in"):
        assert words in text
    assert console.run("groups", "show", "cmr").exit_code == ExitCode.FAILED


def test_status_of_an_empty_store_says_what_is_missing(console: Console) -> None:
    """Nothing is registered: that is no failure, but worth a word on stderr."""
    result = console.run("status")

    assert result.exit_code == ExitCode.OK
    assert "no group is registered" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("dead", "list", "--group", "crm"), ("replay", "crm", "--since", "1h"), ("events", "tail")],
    ids=lambda words: words[0],
)
def test_what_is_no_pattern_is_refused(console: Console, arguments: tuple[str, ...]) -> None:
    """A command that would silently choose nothing says what a pattern is instead."""
    console.arrange(two_dead)

    result = console.run(*arguments, "--type", "email.[os]*")

    assert result.exit_code == ExitCode.USAGE
    assert "no event pattern" in result.stderr


def test_an_event_is_explained(console: Console) -> None:
    """Content only when asked for; what became of it always, under the names of version 0.1.0."""
    console.arrange(one_handled)

    plain, with_data = console.read("events", "show", "e1"), console.read("events", "show", "e1", "--data")

    assert [(row["group"], row["fate"]) for row in plain["groups"]] == [("crm", "done")]
    assert set(plain["groups"][0]) == {"group", "fate", "attempts", "consumer", "due_at", "again", "tried"}
    assert "data" not in plain["entry"]
    assert with_data["entry"]["data"] == {"id": 1}
    assert "done" in console.run("events", "show", "e1").stdout


def test_attempts_are_told_with_their_errors(console: Console) -> None:
    """`events attempts` and `events show` name each that failed and the one that did not; no address is shown."""
    console.arrange(one_failed_twice)

    told = console.read("events", "attempts", "e1")
    texts = [console.run("events", name, "e1").stdout for name in ("attempts", "show")]

    assert [(each["group"], each["number"], each["ended"]) for each in told["attempts"]] == [
        ("crm", 1, "retry"),
        ("crm", 2, "retry"),
        ("crm", 3, "done"),
    ]
    assert told["attempts"][1]["error"] == "LookupError: nobody is •••@crm.example"
    assert all("503 from crm" in text and "ada@" not in text for text in texts)
    assert console.read("events", "attempts", "e1", "--group", "chat")["attempts"] == []


def test_success_at_once_leaves_no_attempts(console: Console) -> None:
    """The answer says why there is nothing to show, on stderr."""
    console.arrange(one_handled)

    result = console.run("events", "attempts", "e1")

    assert (result.exit_code, result.stdout) == (ExitCode.OK, "")
    assert "succeeds at once" in result.stderr


def test_an_unknown_event_is_exit_code_1(console: Console) -> None:
    """Not found is told apart from wrong usage and from an unreachable store."""
    result = console.run("events", "show", "e1", "--json")

    assert (result.exit_code, result.stdout) == (ExitCode.FAILED, "")


def test_dead_letters_are_listed_in_pages(console: Console) -> None:
    """The next page begins where the last one ended; lists show no content."""
    console.arrange(two_dead)

    first = console.read("dead", "list", "--limit", "1")
    second = console.read("dead", "list", "--limit", "1", "--after", str(first["next"]))

    assert [row["event_id"] for row in first["dead"] + second["dead"]] == ["e2", "e1"]
    assert second["next"] is None
    assert "data" not in first["dead"][0]


def test_dead_letters_are_chosen_by_when_they_died(console: Console) -> None:
    """`--since` and `--until` take a span before now or a time; what is neither is wrong usage."""
    console.arrange(two_dead)

    def listed(*options: str) -> list[object]:
        return [row["event_id"] for row in console.read("dead", "list", *options)["dead"]]

    assert listed("--since", "1h") == ["e2", "e1"]
    assert listed("--until", "1h") == []
    assert listed("--since", "2099-01-01T00:00") == []
    assert console.run("dead", "list", "--since", "yesterday").exit_code == ExitCode.USAGE


def test_a_dead_letter_is_shown_in_full(console: Console) -> None:
    """By its own name or by the event's, with error and content."""
    console.arrange(two_dead)
    (listed,) = console.read("dead", "list", "--type", "email.*")["dead"]

    by_letter, by_event = console.read("dead", "show", str(listed["letter"])), console.read("dead", "show", "e2")

    assert by_letter == by_event
    assert (by_event["dead"][0]["error"], by_event["dead"][0]["data"]) == ("ValueError: no such rep", {"id": 1})
    assert "ValueError: no such rep" in console.run("dead", "show", "e2").stdout
    assert console.run("dead", "show", "e3").exit_code == ExitCode.FAILED


def test_the_quarantine_is_listed_and_shown(console: Console) -> None:
    """The list has reasons and no bodies; one delivery is shown with its body, whatever bytes it has."""

    async def keep(driven: Driven) -> None:
        await quarantine(
            driven.store,
            source="default",
            dialect="envelope",
            reason=UnreadableReason.NOT_JSON,
            body=b"\xffnot json",
            limit=9,
        )

    console.arrange(keep)

    (listed,) = console.read("quarantine", "list")["quarantine"]
    shown = console.read("quarantine", "show", str(listed["reference"]))

    assert (listed["reason"], "body" in listed) == ("not_json", False)
    assert shown["body"] == "\\xffnot json"
    assert console.run("quarantine", "show", "0/1-1").exit_code == ExitCode.FAILED
