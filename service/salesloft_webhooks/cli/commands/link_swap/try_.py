"""`link-swap try`: what SalesLoft would be answered, and how soon. To be green before its subscription is made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.options import AsJson

if TYPE_CHECKING:
    from salesloft_webhooks.cli.commands.link_swap.question import Reply
    from salesloft_webhooks.cli.exit_codes import ExitCode
    from salesloft_webhooks.simulator import Delivery, Signer

Url = Annotated[str, typer.Argument(metavar="URL", help="Where to; by default the receiver on this machine.")]
Links = Annotated[
    list[str] | None, typer.Option("--link", "-l", metavar="URL", help="A link of the mail; repeatable. Else invented.")
]
SourceName = Annotated[str, typer.Option("--source", help="Whose keys and path, where SOURCES_FILE has several.")]
SecretFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Sign with this callback token, not with the keys of the settings.")
]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")]


def try_(
    url: Url = "",
    *,
    link: Links = None,
    source: SourceName = "",
    secret_file: SecretFile = None,
    timeout: Timeout = 15.0,
    as_json: AsJson = False,
) -> None:
    """Ask where the links of an invented mail lead, as SalesLoft does before it sends one, and show answer and time.

    Exit codes: 0 every link is answered and some lead elsewhere, 1 the answer is of no use, 2 wrong usage, 3 nobody
    there, 4 every link is answered and none leads elsewhere: the swapper failed, or knows none of them.
    """
    import asyncio

    from salesloft_webhooks.cli.commands.link_swap.question import ask, summary
    from salesloft_webhooks.cli.console import show_json
    from salesloft_webhooks.cli.delivery_target import delivery_target
    from salesloft_webhooks.dialects import DIALECTS
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.telemetry import configure_logging

    settings = Settings.load()
    configure_logging(settings, "link-swap")
    asks = next(dialect.name for dialect in DIALECTS if dialect.bare_resources)  # a relay asks nothing
    address, signer, _ = delivery_target(settings, url, source, secret_file, asks)
    delivery, asked = _question(signer, link)
    reply = asyncio.run(ask(address, delivery, asked, timeout))
    if as_json:
        show_json(summary(reply))
    else:
        _show(reply)
    raise typer.Exit(_exit_code(reply))


def _question(signer: "Signer", links: list[str] | None) -> "tuple[Delivery, list[str]]":
    """A question nobody has asked yet, or the receiver would repeat its answer without asking anybody."""
    import time
    from datetime import UTC, datetime
    from random import SystemRandom

    from salesloft_webhooks.dialects import OutgoingEvent
    from salesloft_webhooks.simulator.sales_team import LINK_SWAP, SalesTeam

    native = next(dialect for dialect in signer.dialects if dialect.bare_resources)
    change = SalesTeam(SystemRandom(), datetime.now(UTC)).next_of(LINK_SWAP)
    resource = change.resource | ({"links": links} if links else {})
    event = OutgoingEvent(change.native_name, "", "", resource)
    return signer.delivery(native, event, int(time.time())), list(dict.fromkeys(resource["links"]))


def _show(reply: "Reply") -> None:
    from salesloft_webhooks.cli.console import complain, show
    from salesloft_webhooks.cli.tables import show_table

    if reply.links:
        show_table(("LINK", "LEADS TO"), [(old, new) for old, new in reply.links.items()], cut=("LINK", "LEADS TO"))
        show("")
    if reply.problem:
        complain(reply.problem)
    if reply.status is not None:
        show(f"answered {reply.status} in {reply.seconds * 1000:.0f} ms, {reply.swapped} of {len(reply.links)} swapped")


def _exit_code(reply: "Reply") -> "ExitCode":
    from salesloft_webhooks.cli.exit_codes import ExitCode

    if reply.status is None:
        return ExitCode.UNREACHABLE
    if reply.problem:
        return ExitCode.FAILED
    return ExitCode.OK if reply.swapped else ExitCode.PARTLY
