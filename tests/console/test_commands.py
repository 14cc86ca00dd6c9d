"""Console and command line can do the same: every page and action has its command, every command its page."""

import html
import re
import shlex
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.routes import Action, Page
from salesloft_webhooks.follow_ups import id_of
from tests.console.served import counted
from tests.console.test_role_matrix import OURS, ROUTES, served
from tests.support.servers import Server

PAGES = {
    "/": "status",
    "/audit": "audit",
    "/backfill": "backfill status",
    "/dead": "dead list",
    "/dead/confirm": "dead redrive",
    "/dead/tried": "events show",
    "/erase": "erase",
    "/events": "events tail",
    "/events/{id:path}": "events show",
    "/follow-ups": "follow-ups list",
    "/follow-ups/confirm": "follow-ups cancel",
    "/follow-ups/{follow_up:path}": "events show",
    "/groups": "groups list",
    "/groups/{name}": "groups show",
    "/people/{id}": "events search",
    "/quarantine": "quarantine list",
    "/quarantine/{reference:path}": "quarantine show",
    "/replay": "replay",
    "/runs": "runs list",
    "/runs/{run}": "runs show",
    "/subscriptions": "subscriptions list",
}
PARTS = {"/events/more", "/people/{id}/more", "/store-state"}
"""Are asked for by a page that is looked at, and shown in it."""
ACTIONS = {
    "/dead/discard": "dead discard",
    "/dead/redrive": "dead redrive",
    "/dead/try": "dead redrive",
    "/erase": "erase",
    "/events/{id:path}/replay": "replay",
    "/events/{id:path}/reveal": "events show",
    "/follow-ups/cancel-all": "follow-ups cancel",
    "/follow-ups/{follow_up:path}/cancel": "follow-ups cancel",
    "/follow-ups/{follow_up:path}/run": "follow-ups run-now",
    "/groups/{name}/forget-handler-limit": "groups limit",
    "/groups/{name}/forget-limit": "groups limit",
    "/groups/{name}/limit": "groups limit",
    "/groups/{name}/limit-handler": "groups limit",
    "/groups/{name}/pause": "groups pause",
    "/groups/{name}/resume": "groups resume",
    "/quarantine/discard": "quarantine discard",
    "/quarantine/discard-all": "quarantine discard",
    "/quarantine/reprocess": "quarantine reprocess",
    "/quarantine/reprocess-all": "quarantine reprocess",
    "/replay": "replay",
    "/runs/{run}/stop": "runs stop",
    "/search": "events search",
    "/subscriptions/ask": "subscriptions list",
}
OF_A_DEAD_ONE = {"/events/{id:path}/replay": "dead redrive"}
"""What the same button does to an event that has died."""
OTHER_PAGES = {
    "dead show": "/events/{id:path}",
    "events attempts": "/events/{id:path}",
    "subscriptions plan": "/subscriptions",
}
"""Commands that show what is part of a page with another command."""
FAMILIES = {
    "audit", "backfill", "dead", "erase", "events", "follow-ups", "groups", "quarantine", "replay", "runs", "status",
    "subscriptions"
}  # fmt: skip
"""What people do with a pipeline that runs. The other commands run a role, set something up, or send."""
IN_A_TERMINAL_ONLY = {
    "backfill forget": "needs whoever has the login for SalesLoft's API",
    "backfill resume": "publishes by the login for SalesLoft's API, which the console does not have",
    "groups remove": "goes with taking a Deployment away, which is no page's business",
    "subscriptions apply": "changes what SalesLoft has, by a login that may write; the console's may read only",
    "subscriptions remove": "likewise",
    "subscriptions rotate": "likewise, and it prints or takes a new key",
}
SHOWN = re.compile(r'<footer class="command">.*?<code data-copy>(.*?)</code>', re.DOTALL)
COPIED = re.compile(r"<code data-copy>(.*?)</code>", re.DOTALL)
FORM = re.compile(r'<form method="post" action="([^"]+)"')
FOLLOW_UP = id_of("crm", "asks-7", "k")
IN_THE_STORE = {"{follow_up:path}": FOLLOW_UP, "{id:path}": "dead", "{id}": "7", "{name}": "crm"}
"""What `put_one_of_each` has put there, for the names in a path."""


def names(command: TyperGroup, before: str = "") -> Iterator[str]:
    """Every command there is, by the words that call it."""
    for name, each in command.commands.items():
        if isinstance(each, TyperGroup):
            yield from names(each, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def commands() -> set[str]:
    """What can be called."""
    root = typer.main.get_command(application())
    assert isinstance(root, TyperGroup)
    return set(names(root))


def test_every_page_and_action_has_a_command() -> None:
    """Who adds a page or an action says here which command does the same, and that command exists."""
    pages = {each.path for each in ROUTES if isinstance(each, Page)}
    actions = {each.path for each in ROUTES if isinstance(each, Action)}

    assert pages == set(PAGES) | PARTS
    assert actions == set(ACTIONS)
    assert {*PAGES.values(), *ACTIONS.values()} <= commands()


def test_every_command_has_a_page_or_a_reason() -> None:
    """Who adds a command for people who operate the pipeline says here which page does the same, or why none does."""
    ours = {each for each in commands() if each.split()[0] in FAMILIES}
    on_pages = {*PAGES.values(), *ACTIONS.values(), *OTHER_PAGES}

    assert ours == on_pages | set(IN_A_TERMINAL_ONLY)
    assert not on_pages & set(IN_A_TERMINAL_ONLY)
    assert set(OTHER_PAGES.values()) <= set(PAGES)


@pytest.mark.parametrize("path", [path for path in PAGES if "{run}" not in path and "{reference" not in path])
async def test_a_page_shows_a_command_that_can_be_pasted(path: str, valkey: Server) -> None:
    """It is the one that is meant, and takes the arguments and options that the page gives it."""
    query = {
        "/dead/confirm": "?group=crm",
        "/dead/tried": "?group=crm&event=dead",
        "/follow-ups/confirm": "?group=crm&task=tell",
        "/dead": "?group=crm&since=2026-03-07T09:26:14Z",
    }
    address = path
    for name, value in IN_THE_STORE.items():
        address = address.replace(name, value)
    async with served(valkey) as (client, sign_in):
        sign_in.who = Person("robin", frozenset(Role))
        page = await client.get(address + query.get(path, ""))

    found = SHOWN.search(page.text)
    assert found, page.text
    words = shlex.split(html.unescape(found[1]))
    assert words[: 1 + len(PAGES[path].split())] == ["salesloft-webhooks", *PAGES[path].split()]
    accepted(words[1:])


async def test_a_page_names_the_command_of_each_of_its_buttons(own_server: Server) -> None:
    """Wherever a form is posted, a command that does the same stands on that page, and takes what is given to it."""
    seen: set[str] = set()
    # Of its own: the console of other tests would execute the run, and one that has ended cannot be stopped.
    async with served(own_server.start()) as (client, sign_in):
        sign_in.who = Person("robin", frozenset(Role))
        delivery = (await client.get("/api/v1/quarantine")).json()["rows"][0]["reference"]
        run = (await client.post("/api/v1/quarantine/reprocess-all", headers=OURS)).json()["run"]
        for address in (
            "/dead?group=crm",
            "/dead/confirm?group=crm",
            "/dead/confirm?group=crm&act=discard",
            "/erase?person=7",
            "/events",
            "/events/dead",
            "/follow-ups?group=crm",
            "/follow-ups/confirm?group=crm",
            f"/follow-ups/{FOLLOW_UP}",
            "/groups/crm",
            "/quarantine",
            f"/quarantine/{delivery}",
            f"/runs/{run}",
        ):
            page = (await counted(client, address)).text
            lines = [html.unescape(each) for each in COPIED.findall(page) if each.startswith("salesloft-webhooks ")]
            for posted in FORM.findall(page):
                route = next(each for each in ROUTES if isinstance(each, Action) and is_at(each.path, posted))
                seen.add(route.path)
                wanted = [ACTIONS[route.path], OF_A_DEAD_ONE.get(route.path, ACTIONS[route.path])]
                beginnings = tuple(f"salesloft-webhooks {each} " for each in wanted)
                assert route.path == "/search" or any(line.startswith(beginnings) for line in lines), lines
            for line in lines:
                accepted(shlex.split(line)[1:])
    only_then = {f"/groups/{{name}}/{act}" for act in ("forget-handler-limit", "forget-limit", "resume")}
    assert set(ACTIONS) - seen == {*only_then, "/replay", "/subscriptions/ask"}, "when there is something to take back"


def is_at(path: str, posted: str) -> bool:
    """Whether a form is posted to this route."""
    return re.fullmatch(re.sub(r"\\\{[^}]*\\\}", ".+", re.escape(path)), html.unescape(posted)) is not None


def accepted(words: list[str]) -> None:
    """Fails unless a command takes these words."""
    command = typer.main.get_command(application())
    while isinstance(command, TyperGroup):
        command = command.commands[words.pop(0)]
    command.make_context("", words)
