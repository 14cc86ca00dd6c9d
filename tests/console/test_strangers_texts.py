"""Texts that strangers write, everywhere they can, as a real browser shows them: text, and nothing else."""

from urllib.parse import quote

from playwright.sync_api import Page

from salesloft_webhooks.broker import Outcome, quarantine
from salesloft_webhooks.broker.administration.audit import Act, write_audit
from salesloft_webhooks.broker.administration.groups import pause
from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.errors import UnreadableReason
from tests.console.stages import arrange
from tests.console.stored_events import an_event, store_events
from tests.support.broker_driver import Driven
from tests.support.servers import Server

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


async def _write(driven: Driven) -> None:
    group = await driven.group(consumer=EVIL)
    await driven.kill(group, 1, error=EVIL)
    await driven.settle(group, await driven.take(group), Outcome.RETRY, error=EVIL, delay_seconds=60)
    await pause(driven.store, "crm", seconds=600, reason=EVIL)
    reason = UnreadableReason.NOT_JSON
    await quarantine(
        driven.store, source=EVIL, dialect=EVIL, reason=reason, body=EVIL.encode(), limit=9, from_headers=EVIL
    )
    words = {"message": EVIL, "run": EVIL, "arguments": {EVIL: EVIL}, "outcome": EVIL}
    await write_audit(driven.store, Act(who=EVIL, roles=(EVIL,), act=EVIL, **words))  # type: ignore[arg-type]
    ends = ("0-0",) * driven.store.partitions
    await begin(
        driven.store,
        NewRun(kind=RunKind.REDRIVE, by=EVIL, selection={"error": EVIL}, total=1, ends=ends, group="crm"),
    )


def test_what_strangers_write_is_only_text(valkey: Server, page: Page) -> None:
    """No element and no address is made of it, no script runs, and the page's policy has nothing to complain about."""
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    event = an_event(f"one{EVIL}", body=b'{"subject": "%s"}' % EVIL.replace('"', "'").encode())
    store_events(valkey, event, an_event(EVIL, person=2))
    arrange(valkey, _write)

    for path in (*PAGES, f"/events/one{ADDRESS}"):
        page.goto(path)
        assert (page.evaluate(MADE), page.evaluate(RUNS)) == (0, 0), path

    assert "alert(1)" in page.content()
    assert asked == []
