"""What people see while the store is away, slow or another one, and that it passes by itself."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from salesloft_webhooks.broker.administration.audit import Act
from tests.console.acts import write_acts
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server


@pytest.fixture
def away(own_server: Server) -> Iterator[ConsoleProcess]:
    """A console whose store can be killed."""
    own_server.start()
    with ConsoleProcess(own_server.url) as running:
        yield running


def test_a_page_shows_the_last_figures_with_their_age_and_comes_back(
    away: ConsoleProcess, own_server: Server, browser: Browser
) -> None:
    """While the store is killed a page that was seen before shows what it showed, and says so; then it is new again."""
    write_acts(own_server.url, Act(who="robin", roles=("view",), act="pause"))
    page = browser.new_page(base_url=away.url)
    page.goto("/audit")
    expect(page.locator("tbody th")).to_have_text("robin")

    own_server.stop(kill=True)
    page.goto("/audit")
    expect(page.locator("tbody th")).to_have_text("robin")
    expect(page.locator(".banner.bad")).to_contain_text("old")
    own_server.start()

    expect(page.locator(".banner.bad")).to_have_count(0)
    page.close()


def test_a_page_that_nobody_has_seen_says_why_it_is_empty(away: ConsoleProcess, own_server: Server) -> None:
    """Without figures of before it is 503 with the reason and asks again by itself; a program gets no old figures."""
    assert away.get("/audit").status == 200
    own_server.stop(kill=True)
    away.wait_for_store(there=False)

    new, program = away.get("/audit?who=robin"), away.get("/api/v1/audit")

    assert (new.status, program.status) == (503, 503)
    assert b'http-equiv="refresh"' in new.body
    assert b"The store does not answer" in program.body
    own_server.start()
    away.wait_for_store(there=True)
    assert away.get("/audit?who=robin").status == 200
