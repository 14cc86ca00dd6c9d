"""Texts that strangers write, everywhere they can, as a real browser shows them: text, and nothing else."""

from urllib.parse import quote

from playwright.sync_api import Page

from tests.console.stages import arrange
from tests.console.stored_events import an_event, store_events
from tests.support.servers import Server
from tests.support.strangers_texts import write_everywhere

EVIL = """"><script>alert(1)</script><img src=x onerror=alert(2)></title></textarea>'{{7*7}}javascript:alert(3)"""
ADDRESS = quote(EVIL, safe="")
MADE = "document.querySelectorAll('img[src=x], [onerror], script:not([src])').length"
RUNS = (
    "[...document.querySelectorAll('a[href]')].filter(each => /^\\W*javascript/.test(each.getAttribute('href'))).length"
)
PAGES = (
    "/",
    "/events",
    f"/events?source={ADDRESS}",
    f"/dead?group=crm&error={ADDRESS}",
    "/dead?group=crm",
    f"/dead/tried?group=crm&event={ADDRESS}",
    "/quarantine",
    "/groups/crm",
    f"/replay?group={ADDRESS}&since={ADDRESS}",
    "/runs",
    "/audit",
    f"/audit?who={ADDRESS}",
    f"/erase?person={ADDRESS}",
)


def test_what_strangers_write_is_only_text(valkey: Server, page: Page) -> None:
    """No element and no address is made of it, no script runs, and the page's policy has nothing to complain about."""
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    event = an_event(f"one{EVIL}", body=b'{"subject": "%s"}' % EVIL.replace('"', "'").encode())
    store_events(valkey, event, an_event(EVIL, person=2))
    arrange(valkey, lambda driven: write_everywhere(driven, EVIL))

    for path in (*PAGES, f"/events/one{ADDRESS}"):
        page.goto(path)
        assert (page.evaluate(MADE), page.evaluate(RUNS)) == (0, 0), path

    assert "alert(1)" in page.content()
    assert asked == []
