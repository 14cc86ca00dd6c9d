"""`audit`: what people did in the console, in a terminal."""

from salesloft_webhooks.broker.administration.audit import Act
from tests.console.acts import write_acts
from tests.integration.cli.administered import Console
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
