"""`groups limit`, and where it is seen what limits a group."""

import pytest

from salesloft_webhooks.broker import GroupOptions, HandlerLimits
from salesloft_webhooks.broker.administration.handler_limiting import declare_handler_limits
from salesloft_webhooks.broker.group_limits import set_limits
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.limits import Rate, SaidLimits
from tests.integration.cli.administered import Console, one_waiting
from tests.support.broker_driver import Driven


async def written_by_its_authors(driven: Driven) -> None:
    """A group whose routers limit it."""
    await one_waiting(driven)
    await set_limits(driven.store, "crm", "author", SaidLimits(8, Rate.parse("100/min")))


def limits(console: Console) -> str:
    """What the list says."""
    found: str = console.read("groups", "list")["groups"][0]["limits"]
    return found


def test_a_group_is_limited_by_hand_until_that_is_forgotten(console: Console) -> None:
    """Each limit by itself; none is none, whatever the authors say, and then what they say holds again."""
    console.arrange(written_by_its_authors)

    written = limits(console)
    console.run("groups", "limit", "crm", "--max-running", "3")
    first = limits(console)
    console.run("groups", "limit", "crm", "--per-minute", "600")
    second = limits(console)
    console.run("groups", "limit", "crm", "--max-running", "none")
    one = limits(console)
    console.run("groups", "limit", "crm", "--none")
    none = limits(console)
    console.run("groups", "limit", "crm", "--forget")

    assert (written, first, second) == ("8 at once, 100/min", "3 at once, 100/min", "3 at once, 600/min")
    assert (one, none) == ("600/min", "")
    assert limits(console) == "8 at once, 100/min"


def test_what_is_left_of_an_operator_that_is_gone_is_forgotten(console: Console) -> None:
    """Its declaration, and nothing that is said by hand or by authors."""

    async def declared(driven: Driven) -> None:
        await written_by_its_authors(driven)
        await set_limits(driven.store, "crm", "declared", SaidLimits(1, by="gone/crm"))
        await set_limits(driven.store, "crm", "hand", SaidLimits(rate=Rate.parse("9/s")))

    console.arrange(declared)
    before = limits(console)

    console.run("groups", "limit", "crm", "--forget-declared")

    assert (before, limits(console)) == ("1 at once, 9/s", "8 at once, 9/s")


def test_status_and_the_group_say_what_limits_it_and_who(console: Console) -> None:
    """People read it beside what waits; who says what stands in `groups show`, in the order in which it counts."""
    console.arrange(written_by_its_authors)
    console.run("groups", "limit", "crm", "--rate", "20/s burst 40")

    assert "limited to 8 at once, 20/s burst 40" in " ".join(console.run("status").stdout.split())
    shown = console.run("groups", "show", "crm").stdout
    assert shown.index("limits: 20/s burst 40 (by hand)") < shown.index("8 at once, 100/min (by its authors)")
    assert console.read("groups", "show", "crm")["limits"]["in_force"]["max_running"] == 8


def test_who_limits_a_group_is_written_down(console: Console) -> None:
    """In the audit, beside what the console does."""
    console.arrange(one_waiting)

    console.run("groups", "limit", "crm", "--max-running", "3")

    (act,) = console.read("audit")["audit"]
    assert (act["act"], act["arguments"]) == ("limit", {"group": "crm", "max_running": "3"})


async def handlers_written(driven: Driven) -> None:
    """A group of which one handler is limited by its author."""
    await one_waiting(driven)
    limits_of = HandlerLimits(driven.store, GroupOptions("crm"))
    await limits_of.declare({"sync": "8 100/60000/1 data.user.id"}, refresh=False)


def test_a_handler_is_limited_by_hand_until_that_is_forgotten(console: Console) -> None:
    """Each limit by itself, beside what its author says; the group's own limits are none of it, and the audit knows."""
    console.arrange(handlers_written)

    console.run("groups", "limit", "crm", "--handler", "sync", "--max-running", "3")
    console.run("groups", "limit", "crm", "--handler", "sync", "--rate", "none")
    both = console.run("groups", "show", "crm").stdout
    console.run("groups", "limit", "crm", "--handler", "sync", "--forget")
    (shown,) = console.read("groups", "show", "crm")["handler_limits"]
    act = console.read("audit")["audit"][-1]

    said = "3 at once, no rate (by hand); 8 at once, 100/min (by its author)"
    assert f"limits of sync for each data.user.id: {said}" in " ".join(both.split())
    assert (shown["handler"], shown["written"]["max_running"]) == ("sync", 8)
    assert shown["by_hand"].get("max_running") is None
    assert limits(console) == ""
    assert act["arguments"]["handler"] == "sync"


def test_what_is_left_of_a_handlers_declaration_is_forgotten(console: Console) -> None:
    """Of an operator that is gone; what is said by hand or by its author stays, and so does the group's declaration."""

    async def declared(driven: Driven) -> None:
        await handlers_written(driven)
        await set_limits(driven.store, "crm", "declared", SaidLimits(1, by="gone/crm"))
        await declare_handler_limits(driven.store, "crm", {"sync": SaidLimits(2, by="gone/crm")})

    console.arrange(declared)
    before = console.run("groups", "show", "crm").stdout

    console.run("groups", "limit", "crm", "--handler", "sync", "--forget-declared")

    assert "2 at once (by ConsumerGroup gone/crm); 8 at once, 100/min (by its author)" in " ".join(before.split())
    after = " ".join(console.run("groups", "show", "crm").stdout.split())
    assert "limits of sync for each data.user.id: 8 at once, 100/min (by its author)" in after
    assert limits(console) == "1 at once"


def test_a_handler_that_never_asks_cannot_be_limited(console: Console) -> None:
    """It would look as if it were: those that ask are named instead."""
    console.arrange(handlers_written)

    result = console.run("groups", "limit", "crm", "--handler", "snyc", "--max-running", "3")

    assert result.exit_code == ExitCode.USAGE
    assert "sync" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="nothing"),
        pytest.param(("--none", "--forget"), id="two things"),
        pytest.param(("--none", "--max-running", "3"), id="a limit and none"),
        pytest.param(("--max-running", "0"), id="nothing at once"),
        pytest.param(("--rate", "fast"), id="no rate"),
        pytest.param(("--rate", "9/s", "--per-minute", "9"), id="two rates"),
        pytest.param(("--max-running", "1000000000"), id="too many"),
    ],
)
def test_what_is_no_limit_is_refused(console: Console, options: tuple[str, ...]) -> None:
    """As wrong usage, and nothing is limited."""
    console.arrange(one_waiting)

    result = console.run("groups", "limit", "crm", *options)

    assert result.exit_code == ExitCode.USAGE
    assert limits(console) == ""


def test_an_unknown_group_is_not_limited(console: Console) -> None:
    """Its name is probably a mistake, and the nearest one is named."""
    console.arrange(one_waiting)

    assert console.run("groups", "limit", "cmr", "--none").exit_code == ExitCode.FAILED


def test_an_empty_name_of_a_handler_does_not_limit_the_group(console: Console) -> None:
    """A shell's variable that is not set names none."""
    console.arrange(handlers_written)

    result = console.run("groups", "limit", "crm", "--handler", "", "--max-running", "1")

    assert result.exit_code == ExitCode.USAGE
    assert not console.read("groups", "show", "crm")["limits"]["said"]
