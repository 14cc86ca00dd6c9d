"""`quarantine`: looking at signed deliveries that could not be read."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.connected import with_store
from salesloft_webhooks.cli.console import described, note, show, show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.options import AsJson, Limit
from salesloft_webhooks.cli.spans import moment_text
from salesloft_webhooks.cli.tables import show_table

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.quarantined import Quarantined
    from salesloft_webhooks.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Signed deliveries that could not be read, and were answered with 400.")


@app.command("list")
def list_quarantine(*, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the latest deliveries in quarantine."""
    from salesloft_webhooks.broker.quarantined import quarantined
    from salesloft_webhooks.broker.walk import Span

    async def page(store: "Store", _: "Settings") -> list["Quarantined"]:
        found: list[Quarantined] = []
        async for one in quarantined(store, Span(newest_first=True)):
            found.append(one)
            if len(found) > limit:
                break
        return found

    found = with_store(page)
    if as_json:
        documents = [described(one, without={"body"}) for one in found[:limit]]
        show_json({"quarantine": documents, "more": len(found) > limit})
        return
    rows = [
        (one.reference, one.source, one.dialect, one.reason, moment_text(one.received_at), f"{len(one.body):,}")
        for one in found[:limit]
    ]
    show_table(("DELIVERY", "SOURCE", "DIALECT", "REASON", "RECEIVED", "BYTES"), rows, numbers=("BYTES",))
    if len(found) > limit:
        note("there are more: raise --limit")


@app.command("show")
def show_quarantined(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="As `quarantine list` names it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one delivery with its body, which may be personal data."""
    from rich.text import Text

    from salesloft_webhooks.broker.quarantined import find_quarantined

    async def look(store: "Store", _: "Settings") -> "Quarantined | None":
        return await find_quarantined(store, delivery)

    found = with_store(look)
    if found is None:
        fail(f"no such delivery in quarantine: {delivery}")
    body = found.body.decode(errors="backslashreplace")
    if as_json:
        show_json({**described(found, without={"body"}), "body": body})
        return
    show(Text(f"{found.reference} from source {found.source} ({found.dialect}), {moment_text(found.received_at)}"))
    show(Text(f"unreadable: {found.reason}"))
    show(Text(body))
