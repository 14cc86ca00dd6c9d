"""`operator release`: what the chart runs before it removes an installation."""

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import complain, confirm, note, show, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson, Yes
from salesloft_webhooks.cli.store_access import run_interruptibly
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.cli.times import parse_span

if TYPE_CHECKING:
    from salesloft_webhooks.operator.release import Released


def release(
    *,
    yes: Yes = False,
    within: Annotated[str, typer.Option("--within", metavar="SPAN", help="How long SalesLoft is tried.")] = "90s",
    always: Annotated[
        bool, typer.Option("--always", help="Exit code 0 also if something is left at SalesLoft: an uninstall goes on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give up what the namespace's objects own at SalesLoft, as they declare, so that all can be removed.

    The operator stops for a minute or two, if it runs; after that it would bring back what is still declared.
    """
    from salesloft_webhooks.operator.release import LEFT_BEHIND, Outcome
    from salesloft_webhooks.operator.release import release as release_all
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.telemetry import configure_logging

    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # no role: ended early it has not done its work
    seconds, settings = parse_span(within).total_seconds(), Settings.load()
    configure_logging(settings, "operator")
    confirm("Give up what all SalesloftSubscriptions of the namespace own at SalesLoft?", yes=yes)
    ended = run_interruptibly(lambda: release_all(settings, seconds))
    left = [each for each in ended if each.outcome in LEFT_BEHIND]
    _report(ended, as_json=as_json)
    for each in left:
        where = "left at SalesLoft" if each.outcome is Outcome.ORPHANED else "let go by somebody else; if still there"
        complain(f"{each.name}: {where}, delete them there: {_ids(each) or 'nobody knows which'}")
    if left and not always:
        raise typer.Exit(ExitCode.PARTLY)


def _report(ended: "list[Released]", *, as_json: bool) -> None:
    if as_json:
        show_json({"objects": [{"name": each.name, "outcome": each.outcome, "left": each.left} for each in ended]})
    elif ended:
        show_table(("OBJECT", "OUTCOME", "LEFT"), [(each.name, each.outcome, _ids(each) or "-") for each in ended])
    else:
        show("nothing to give up")
    if ended:
        note("no object waits for the operator any more")


def _ids(each: "Released") -> str:
    return ", ".join(map(str, each.left))
