"""`quarantine list`."""

from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.quarantine.selection import Reason, check_reason
from salesloft_webhooks.cli.console import described, note, show_json
from salesloft_webhooks.cli.options import AsJson, Limit
from salesloft_webhooks.cli.paging import first
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.cli.times import moment_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.stored_records import Quarantined
    from salesloft_webhooks.settings import Settings


def list_quarantine(*, reason: Reason = "", limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the latest deliveries in quarantine."""
    from salesloft_webhooks.broker.administration.quarantine import quarantined
    from salesloft_webhooks.broker.administration.scan import Span

    check_reason(reason)

    async def page(store: "Store", _: "Settings") -> list["Quarantined"]:
        latest = quarantined(store, Span(newest_first=True))
        return await first(limit + 1, (one async for one in latest if reason in {"", one.reason}))

    found = with_store(page)
    if as_json:
        documents = [described(one, without={"body"}) for one in found[:limit]]
        show_json({"quarantine": documents, "more": len(found) > limit})
        return
    rows = [
        (one.reference, one.source, one.dialect, one.reason, moment_text(one.received_at), f"{len(one.body):,}")
        for one in found[:limit]
    ]
    show_table(
        ("DELIVERY", "SOURCE", "DIALECT", "REASON", "RECEIVED", "BYTES"), rows, numbers=("BYTES",), cut=("SOURCE",)
    )
    if len(found) > limit:
        note("there are more: raise --limit")
