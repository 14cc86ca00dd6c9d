"""`audit`: what people did in the console, in a terminal."""

from salesloft_webhooks.broker.administration.audit import Act
from tests.console.acts import write_acts
from tests.integration.cli.administered import Console, two_dead
from tests.support.servers import Server


def test_the_audit_is_listed_latest_first(console: Console, valkey: Server) -> None:
    """By anybody, by one person, of one kind; as a table for people and as a document for programs."""
    acts = [
        Act(who=who, roles=("operate",), act=act, counts={"letters": 7}, arguments={"group": "crm"})
        for who, act in (("robin", "redrive"), ("sam", "pause"), ("robin", "discard"))
    ]
    write_acts(valkey.url, *acts)

    everything = console.read("audit", "--limit", "2")
    of_one = console.read("audit", "--who", "robin", "--act", "redrive")

    assert [each["act"] for each in everything["audit"]] == ["discard", "pause"]
    assert everything["more"]
    assert [(each["who"], each["counts"], each["arguments"]) for each in of_one["audit"]] == [
        ("robin", {"letters": 7}, {"group": "crm"})
    ]
    assert "sam" in console.run("audit").stdout


def test_what_commands_change_is_in_it(console: Console) -> None:
    """Whoever redrives, discards, replays, pauses or resumes in a terminal is listed with what it was about."""
    console.arrange(two_dead)
    for words in (
        ("dead", "redrive", "--all", "--type", "person.*"),
        ("dead", "discard", "--all", "--yes"),
        ("groups", "pause", "crm", "--for", "2h"),
        ("groups", "resume", "crm"),
    ):
        assert console.run(*words).exit_code == 0, words

    found = console.read("audit")["audit"]

    assert [each["act"] for each in found] == ["resume", "pause", "discard", "redrive"]
    assert found[1]["arguments"] == {"group": "crm", "for": "2h"}
    assert (found[3]["counts"], found[3]["outcome"]) == ({"redriven": 1}, "done")
    assert all("in a terminal of" in each["who"] for each in found)


def test_what_only_looks_is_not_in_it(console: Console) -> None:
    """Lists, and what finds nothing to act on, write nothing down."""
    console.arrange(two_dead)
    for words in (
        ("dead", "list"),
        ("status",),
        ("replay", "crm", "--dry-run"),
        ("dead", "redrive", "--all", "--group", "x"),
    ):
        console.run(*words)

    assert console.read("audit")["audit"] == []
