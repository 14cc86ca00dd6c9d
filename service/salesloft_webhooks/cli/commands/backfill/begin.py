"""`backfill`: the role; with `--since`, one run."""

from typing import Annotated

import typer

from salesloft_webhooks.cli import roles
from salesloft_webhooks.cli.options import AsJson, RoleHost, RoleOpsPort

RESOURCES_HELP = "people,emails,...: what to read; by default all it can read (docs/backfill.md)."
RunRate = Annotated[
    float | None,
    typer.Option("--rate", min=0.001, help="Deliveries a second of a run; by default BACKFILL_EVENTS_PER_SECOND."),
]


def backfill(  # noqa: PLR0913 - each is an option of the command
    context: typer.Context,
    *,
    since: Annotated[str, typer.Option(help="One run, from then on: 2h (ago), 3d, or 2026-03-07T04:26:14Z.")] = "",
    until: Annotated[str, typer.Option(help="One run, until then; by default until now.")] = "",
    resources: Annotated[str | None, typer.Option(envvar="BACKFILL_RESOURCES", help=RESOURCES_HELP)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="One run that publishes nothing and counts.")] = False,
    rate: RunRate = None,
    as_json: AsJson = False,
    host: RoleHost = None,
    ops_port: RoleOpsPort = None,
) -> None:
    """Find what no webhook has brought, and publish it: without --since for ever, as a role; with it, once.

    Events have the ids that their webhooks would have had, so what has arrived is never handled twice. A run that was
    interrupted says how to resume it.
    """
    if context.invoked_subcommand is not None:
        return
    if since:
        from salesloft_webhooks.cli.commands.backfill.running import begin_run

        begin_run(since, until, resources, dry_run=dry_run, rate=rate, as_json=as_json)
    if until or dry_run or rate or as_json:
        raise typer.BadParameter("--until, --dry-run, --rate and --json go with --since")
    roles.backfill(backfill_resources=resources, host=host, ops_port=ops_port)
