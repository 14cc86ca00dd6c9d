"""A letter, an event or a type that does not exist is an error, and the message names the nearest that do."""

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.integration.cli.administered import Console
from tests.integration.cli.many_letters import add_dead_letter
from tests.support.broker_driver import Driven
from tests.support.servers import Server


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("dead", "show", "crm/0/5-1"), "crm/0/5-0"),
        (("dead", "redrive", "d1o"), "nearest: d1,"),
        (("dead", "discard", "d1o", "--yes"), "nearest: d1,"),
        (("dead", "list", "--after", "cmr/0/5-0"), "did you mean crm?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_letter_that_does_not_exist_is_an_error(
    console: Console, valkey: Server, arguments: tuple[str, ...], near: str
) -> None:
    """The message names the nearest letters, or the nearest group."""
    with valkey.client() as redis:
        redis.sadd("sl:groups", "crm")
        add_dead_letter(redis, 20)

    result = console.run(*arguments)

    assert result.exit_code == ExitCode.FAILED
    assert near in result.stderr


@pytest.mark.parametrize("command", [("events", "show"), ("replay", "crm", "--yes", "--id")], ids=" ".join)
def test_an_event_that_does_not_exist_is_an_error(console: Console, command: tuple[str, ...]) -> None:
    """The message names the nearest of the latest events."""

    async def arrange(driven: Driven) -> None:
        group = await driven.group()
        await driven.publish("email.opened/812345678/3")
        await driven.handle(group)

    console.arrange(arrange)

    result = console.run(*command, "email.opened/812345687/3")

    assert result.exit_code == ExitCode.FAILED
    assert "nearest: email.opened/812345678/3" in result.stderr


@pytest.mark.parametrize(
    ("event_type", "near"), [("person.creatd", "did you mean person.created"), ("call.updated", "call.completed")]
)
def test_a_type_that_is_not_simulated_is_an_error(
    console: Console, monkeypatch: pytest.MonkeyPatch, event_type: str, near: str
) -> None:
    """`send` sends nothing, and names the nearest that are, so never the one that was asked for."""
    monkeypatch.setenv("SALESLOFT_WEBHOOK_SECRET", "a-secret-that-is-long-enough-for-this")

    result = console.run("send", "--event", event_type)

    assert result.exit_code == ExitCode.USAGE
    assert near in result.stderr
    assert result.stderr.count(event_type) == 1
