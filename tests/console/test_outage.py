"""What people see while the store is away, slow or another one, and that it passes by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from salesloft_webhooks.broker.administration.audit import Act
from tests.console.acts import write_acts
from tests.support.console_process import ConsoleProcess
from tests.support.sentinels import PASSWORD, watched
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


def test_a_store_that_hangs_is_called_slow(away: ConsoleProcess, own_server: Server, browser: Browser) -> None:
    """A page that is open says within seconds that the store hangs; one that is asked for does not hang with it."""
    page = browser.new_page(base_url=away.url)
    page.goto("/audit")

    own_server.freeze()
    expect(page.locator("#store-state")).to_contain_text("The store has not answered")
    page.goto("/audit?who=robin")
    expect(page.get_by_role("heading", level=1)).to_have_text("The store is slow")
    own_server.thaw()

    expect(page.get_by_role("heading", level=1)).to_have_text("Audit")
    expect(page.locator(".banner.bad")).to_have_count(0)
    page.close()


def test_it_starts_without_a_store(own_server: Server) -> None:
    """A console that is started in an outage is ready, says what is wrong, and shows everything once it is over."""
    with ConsoleProcess(own_server.url) as running:
        running.wait_for_store(there=False)
        assert running.get("/audit").status == 503

        own_server.start()

        running.wait_for_store(there=True)
        assert running.get("/audit").status == 200


def test_a_fail_over_passes_by(tmp_path: Path) -> None:
    """Behind Sentinels a primary dies for good while somebody looks: the page says so, then shows the new one's."""
    with watched(tmp_path) as servers:
        login = {"REDIS_SENTINEL_PASSWORD": PASSWORD}
        with ConsoleProcess(servers.url, login) as running:
            running.wait_for_store(there=True)
            before = running.get("/audit").status

            servers.primary.stop(kill=True)

            running.wait_for_store(there=False)
            running.wait_for_store(there=True, seconds=30)
            assert (before, running.get("/audit?who=robin").status) == (200, 200)
