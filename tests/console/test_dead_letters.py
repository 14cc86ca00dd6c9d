"""Dead letters in a browser: by error with counts, one tried first, then all of one cause in bulk."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.console_pages import multiply
from playwright.sync_api import Page, expect

from tests.console.letters import bury, mended
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

CRM_DOWN, NO_REP = "HTTPStatusError: 503 from crm", "ValueError: no such rep"


def dead_letters(valkey: Server) -> int:
    """How many there are."""
    with valkey.client() as client:
        return int(client.xlen("sl:{0}:g:crm:dead"))


@contextmanager
def mended_worker(valkey: Server, folder: Path) -> Iterator[Path]:
    """A real worker of `crm` with a mended handler; the file in which it writes what it has handled."""
    settings, handled = mended(folder)
    running = WorkerProcess("crm", valkey.url, settings).start()
    yield handled
    running.kill()


def test_one_of_two_causes_is_redriven(valkey: Server, tmp_path: Path, page: Page) -> None:
    """From the alert's link to the cause, one letter tried, the rest in bulk: under ten clicks, and only that cause."""
    bury(valkey.url, [CRM_DOWN if number % 5 else NO_REP for number in range(1_000)])
    clicks = 0

    def click(role: str, name: str) -> None:
        nonlocal clicks
        clicks += 1
        page.get_by_role(role, name=name).click()  # type: ignore[arg-type]

    with mended_worker(valkey, tmp_path) as handled:
        page.goto("/dead?group=crm")
        first = page.locator("#errors tbody tr").first
        expect(first).to_contain_text("800")
        click("link", CRM_DOWN)
        click("button", "Try one first")
        expect(page.locator("#tried")).to_contain_text("It is handled.")
        click("link", "Redrive the rest …")
        expect(page.get_by_role("heading", level=1)).to_have_text("Redrive 799 letters of crm?")
        page.get_by_label("Type 799 to confirm").fill("799")
        click("button", "Redrive 799 letters to crm")
        expect(page.locator("#run")).to_contain_text("done")

        assert clicks < 9
        assert dead_letters(valkey) == 200
        wait_until(
            lambda: len(set(handled.read_text().splitlines())) == 800, seconds=15, description="all 800 are handled"
        )
        assert len(handled.read_text().splitlines()) == 800
        page.goto("/audit")
        expect(page.locator("tbody")).to_contain_text("redrive")
        expect(page.locator("tbody")).to_contain_text("799 letters are being given to crm.")


def test_nothing_selected_is_not_everything(valkey: Server, console: ConsoleProcess) -> None:
    """A form without a ticked letter is refused, and so are letters of another group."""
    bury(valkey.url, [NO_REP] * 2)

    for address in ("/dead/confirm?group=crm&selected=1", "/dead/confirm?group=crm&selected=1&letter=notify/0/1-0"):
        assert console.get(address).status == 400
    assert console.get("/dead/confirm").status == 400


def test_ends_that_are_none_are_refused(valkey: Server) -> None:
    """A form whose places are no entry ids is at fault, not the store."""
    bury(valkey.url, [NO_REP])
    with ConsoleProcess(valkey.url) as console:  # of its own: bulk actions are counted
        fields = dict(console.json("/dead/confirm?group=crm")["fields"])

        for ends in ("foo", "5", "(1-1", "18446744073709551616-0"):
            assert console.post("/dead/redrive", fields | {"ends": ends}).status == 400


def test_a_changed_selection_is_refused(valkey: Server, console: ConsoleProcess) -> None:
    """What is begun is what was counted: after somebody's redrive it is refused; new deaths do not matter."""
    bury(valkey.url, [NO_REP] * 3)
    fields = dict(console.json("/dead/confirm?group=crm")["fields"])
    with valkey.client() as client:
        letter = client.xrange("sl:{0}:g:crm:dead", count=1)[0]
        client.xadd("sl:{0}:g:crm:dead", letter[1])
        assert console.post("/dead/discard", fields | {"count": "2"}).status == 303  # a fourth has died since
        wait_until(lambda: dead_letters(valkey) == 1, seconds=10, description="three are discarded")
    bury(valkey.url, [NO_REP] * 3, group="notify")
    fields = dict(console.json("/dead/confirm?group=notify")["fields"])
    with valkey.client() as client:
        client.xdel("sl:{0}:g:notify:dead", client.xrange("sl:{0}:g:notify:dead", count=1)[0][0])

    refused = console.post("/dead/discard", fields)

    assert refused.status == 400
    assert b"the selection has changed: it is 2 letters now" in refused.body


def test_a_killed_console_leaves_its_run_to_another(valkey: Server, console: ConsoleProcess) -> None:
    """A console dies in the middle of a run, nobody has a browser open, and another console ends it, once each."""
    bury(valkey.url, [NO_REP] * 600)
    fields = dict(console.json("/dead/confirm?group=crm")["fields"])
    console.kill()
    with valkey.client() as client:
        client.delete("sl:{runs}:lease")
    with ConsoleProcess(valkey.url, {"CONSOLE_RUN_RATE": "100"}) as first:
        begun = first.post("/api/v1/dead/redrive", fields | {"confirm": "600"})
        run_id = json.loads(begun.body)["run"]
        wait_until(lambda: 0 < dead_letters(valkey) < 600, seconds=10, description="it is under way")
        first.kill()
        left = dead_letters(valkey)
    console.start()
    wait_until(
        lambda: console.json(f"/runs/{run_id}")["run"]["state"] == "done", seconds=30, description="another ended it"
    )

    assert left > 0
    assert console.json(f"/runs/{run_id}")["run"]["outcomes"] == {"redriven": 600}
    assert dead_letters(valkey) == 0


def test_many_letters_are_counted_beside_the_page(valkey: Server, page: Page, console: ConsoleProcess) -> None:
    """A program is told to ask again, a browser does so by itself; nobody is told that it took too long."""
    bury(valkey.url, [CRM_DOWN])
    multiply(valkey, 80_000)
    address = "/dead/confirm?group=crm&act=redrive"

    assert console.get(f"/api/v1{address}").status == 202
    page.goto(address)

    expect(page.get_by_role("heading", level=1)).to_have_text("Redrive 80,000 letters of crm?", timeout=30_000)
    expect(page.get_by_role("button", name="Redrive 80,000 letters to crm")).to_be_visible()


def test_the_counts_obey_a_person_and_a_time(valkey: Server, console: ConsoleProcess) -> None:
    """As the list below them does: of one person, and of nobody since tomorrow; without them all are counted."""
    bury(valkey.url, [CRM_DOWN, NO_REP, NO_REP])

    def total(query: str) -> int:
        found = console.json(f"/dead?group=crm{query}")
        assert found["total"] == len(found["letters"])
        return int(found["total"])

    wait_until(lambda: console.json("/dead?group=crm&person=1")["age_seconds"] is not None, description="it is counted")
    wait_until(lambda: total("&since=2100-01-01T00:00:00Z") == 0, description="nothing has died in the future")
    assert (total("&person=1"), total("")) == (1, 3)
