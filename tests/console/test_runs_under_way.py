"""Bulk work on the first page: what has not ended, how far it is, and that it is right when a console has died."""

import re

from playwright.sync_api import Browser, expect

from tests.console.letters import bury
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until

LETTERS = 150
BATCH = 100
SLOW = {"CONSOLE_RUN_RATE": "5"}
"""A second batch begins twenty seconds after the first one: time to kill it in between."""
LEASE = "sl:{runs}:lease"
GRAPHS = "https://grafana.example.com/d/salesloft?var-release=shop"


def begun(console: ConsoleProcess) -> str:
    """Redrive everything; the run's id."""
    fields = dict(console.json("/dead/confirm?group=crm")["fields"])
    answer = console.post("/dead/redrive", {**fields, "confirm": fields["count"]})
    found = re.search(r"/runs/(\w+)", str(answer.headers))
    assert found, answer
    return found[1]


def test_a_run_is_seen_before_and_after_its_console_died(own_server: Server, browser: Browser) -> None:
    """Another console shows at once how far it came, leads to it, and goes on until it is under way no more."""
    own_server.start()
    bury(own_server.url, ["ValueError: no"] * LETTERS)
    with ConsoleProcess(own_server.url, SLOW) as dies:
        run = begun(dies)
        wait_until(lambda: dies.json("/")["runs"][0]["passed"] == BATCH, description="a batch is done")
    with own_server.client() as client:
        client.set(LEASE, "another", px=60_000)  # nobody goes on before somebody has looked
    settings = {"CONSOLE_GRAFANA_URL": GRAPHS}
    with own_server.client() as client, ConsoleProcess(own_server.url, settings) as console:
        page = browser.new_context(base_url=console.url).new_page()
        page.goto("/")

        under_way = page.get_by_role("region", name="Under way").get_by_role("listitem")
        expect(under_way).to_contain_text("redrive in crm")
        expect(under_way).to_contain_text(f"{BATCH} of {LETTERS}")
        expect(under_way.get_by_role("progressbar")).to_have_attribute("max", str(LETTERS))
        expect(under_way.get_by_role("link")).to_have_attribute("href", f"/runs/{run}")
        expect(page.get_by_role("link", name="Graphs in Grafana")).to_have_attribute("href", GRAPHS)
        client.delete(LEASE)
        expect(under_way).to_have_count(0)
        assert console.json(f"/runs/{run}")["run"]["outcomes"] == {"redriven": LETTERS}
