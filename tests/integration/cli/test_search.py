"""`events search`: what is found at once, how far it looked, and where to go on."""

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console, one_handled, two_dead
from tests.support.broker_driver import Driven


async def three_of_a_person(driven: Driven) -> None:
    """Three events of person 7 and one of another; nobody handles them."""
    await driven.publish("e1", "e2", "e3", person=7)
    await driven.publish("other", person=8)


def test_the_events_of_a_person_are_found_page_by_page(console: Console) -> None:
    """Latest first; `next` leads on, and is null at the end."""
    console.arrange(three_of_a_person)

    first = console.read("events", "search", "--person", "7", "--limit", "2")
    second = console.read("events", "search", "--person", "7", "--limit", "2", "--after", str(first["next"]))

    assert [row["event_id"] for row in first["events"]] == ["e3", "e2"]
    assert [row["event_id"] for row in second["events"]] == ["e1"]
    assert (second["next"], second["looked"], second["total"]) == (None, 4, 4)
    assert "data" not in first["events"][0]


def test_people_get_a_line_an_event(console: Console) -> None:
    """With what became of it; on stderr how far it looked. Content only when asked for."""
    console.arrange(one_handled)

    result = console.run("events", "search", "--state", "done", "--group", "crm", "--since", "1h")
    with_data = console.run("events", "search", "--data")

    assert result.exit_code == ExitCode.OK
    assert result.stdout.split()[2:] == ["person.updated", "e1", "person:e1", "crm", "done"]
    assert "1 found, looked through 1 of 1 entries" in result.stderr
    assert '{"id":1}' in with_data.stdout
    assert '{"id":1}' not in result.stdout


def test_a_state_and_a_group_narrow_the_search(console: Console) -> None:
    """Scripts get the states, too."""
    console.arrange(two_dead)

    dead = console.read("events", "search", "--state", "dead", "--type", "email.*")
    done = console.read("events", "search", "--state", "done")

    assert [(row["event_id"], row["groups"][0]["state"]) for row in dead["events"]] == [("e2", "dead")]
    assert done["events"] == []


def test_a_text_can_be_asked_for(console: Console) -> None:
    """So that an address stands in no list of commands; it is not shown while it is typed."""
    console.arrange(one_handled)

    assert console.run("events", "search", "--contains", "1").stdout.split()[3] == "e1"
    assert console.run("events", "search", "--contains", "nobody@example.com").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--state", "gone"), "is not one of waiting"),
        (("--person", "robin"), "is no id of a person"),
        (("--type", "email.[os]*"), "no event pattern"),
        (("--after", "yesterday"), "is no place in the history"),
        (("--group", "cmr"), "no such group: cmr"),
        (("--type", "emial.*"), "did you mean email.*"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_what_means_nothing_is_said(console: Console, arguments: tuple[str, ...], words: str) -> None:
    """A search that would silently find nothing says what is wrong with it."""
    console.arrange(one_handled)

    result = console.run("events", "search", *arguments)

    assert result.exit_code != ExitCode.OK
    assert words in " ".join(result.stderr.split())
