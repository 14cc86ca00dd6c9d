"""`quarantine show`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import described, show, show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import near_deliveries
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import single_line
from salesloft_webhooks.cli.times import moment_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.stored_records import Quarantined
    from salesloft_webhooks.settings import Settings


def show_quarantined(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="As `quarantine list` names it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one delivery with its body, which may be personal data."""
    from salesloft_webhooks.broker.administration.quarantine import find_quarantined

    async def look(store: "Store", _: "Settings") -> "Quarantined":
        found = await find_quarantined(store, delivery)
        if found is None:
            fail(f"no such delivery in quarantine: {delivery}{await near_deliveries(store, delivery)}")
        return found

    found = with_store(look)
    body = found.body.decode(errors="backslashreplace")
    if as_json:
        show_json({**described(found, without={"body"}), "body": body})
        return
    about = f"{found.reference} from source {found.source} ({found.dialect}), {moment_text(found.received_at)}"
    show(single_line(about))
    show(single_line(f"unreadable: {found.reason}" + (f", sent as {found.from_headers}" if found.from_headers else "")))
    if found.content_redacted:
        show("a key of the source stood in it and was taken out: it cannot be reprocessed")
    show(found.unreadable or body)
