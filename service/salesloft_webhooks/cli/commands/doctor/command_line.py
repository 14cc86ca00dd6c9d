"""`doctor`."""

from pathlib import Path
from typing import Annotated

import typer

from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, Level
from salesloft_webhooks.cli.commands.doctor.examination import Role
from salesloft_webhooks.cli.console import show, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson

STYLES = {Level.OK: "green", Level.SKIPPED: "dim", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def doctor(
    *,
    role: Annotated[Role, typer.Option("--for", help="Whose needs are looked at.")] = Role.ALL,
    subscriptions: Annotated[
        Path, typer.Option(metavar="PATH", help="What is declared at SalesLoft, if the file is there.")
    ] = Path("subscriptions.yaml"),
    strict: Annotated[bool, typer.Option("--strict", help="A warning fails, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at everything an installation needs, with the settings of this process, and say what to do.

    Nothing is changed. Exit codes: 0 no problem, 1 a problem (with --strict: or a warning), 2 wrong setting.
    """
    found = _examine(role, subscriptions)
    if as_json:
        show_json({"findings": [_object(each) for each in found], "worst": _worst(found)})
    else:
        for each in found:
            _show(each)
    failing = {Level.PROBLEM, Level.WARNING} if strict else {Level.PROBLEM}
    if any(each.level in failing for each in found):
        raise typer.Exit(ExitCode.FAILED)


def _examine(role: Role, subscriptions: Path) -> list[Finding]:
    import asyncio

    from salesloft_webhooks.cli.commands.doctor.examination import examine_installation, is_declared
    from salesloft_webhooks.cli.commands.doctor.salesloft_checks import check_subscriptions
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.telemetry import configure_logging

    settings = Settings.load()
    configure_logging(settings, "doctor")

    async def all_of_it() -> list[Finding]:
        return [finding async for finding in examine_installation(role, settings)]

    found = asyncio.run(all_of_it())
    return [*found, check_subscriptions(subscriptions)] if is_declared(subscriptions, role) else found


def _worst(found: list[Finding]) -> str:
    order = list(Level)
    return max((each.level for each in found), key=order.index, default=Level.OK)


def _object(finding: Finding) -> dict[str, str]:
    return {"check": finding.check, "level": finding.level, "says": finding.says, "do": finding.do}


def _show(finding: Finding) -> None:
    from rich.text import Text

    level = (f"{finding.level:<8}", STYLES[finding.level])
    show(Text.assemble(level, f" {finding.check:<18} {finding.says}"))
    if finding.do:
        show(Text(f"{'':<28}-> {finding.do}"))
