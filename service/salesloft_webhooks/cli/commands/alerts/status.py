"""`alerts status`."""

from datetime import UTC, datetime

from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.cli.times import moment_text


def status(*, as_json: AsJson = False) -> None:
    """Show what people were told of lately, and what some address has not taken yet."""
    from salesloft_webhooks.alerts.ledger import read_ledger
    from salesloft_webhooks.broker.alert_ledger import written_ledger

    ledger = read_ledger(with_store(lambda store, _: written_ledger(store)))
    problems = sorted(ledger.problems.values(), key=lambda each: each.seen, reverse=True)
    if as_json:
        rows = [
            {"kind": each.kind, "subject": each.subject, "seen": _time(each.seen), "told": _time(each.told)}
            for each in problems
        ]
        show_json({"problems": rows, "pending": len(ledger.alerts)})
        return
    if not problems:
        note("nobody was told of anything lately")
    else:
        rows_ = [(each.kind, each.subject, _text(each.seen), _text(each.told), f"{each.untold:,}") for each in problems]
        show_table(("KIND", "SUBJECT", "SEEN", "TOLD", "SINCE"), rows_, numbers=("SINCE",), cut=("SUBJECT",))
    if ledger.alerts:
        note(f"{len(ledger.alerts)} alerts wait for an address that does not take them")


def _time(at_ms: int) -> str | None:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat() if at_ms else None


def _text(at_ms: int) -> str:
    return moment_text(datetime.fromtimestamp(at_ms / 1_000, UTC)) if at_ms else "-"
