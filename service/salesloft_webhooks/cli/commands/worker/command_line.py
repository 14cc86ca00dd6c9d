"""`worker`: the role that handles events. Its settings are environment variables; options win."""

from typing import Annotated, Literal

import typer

from salesloft_webhooks.cli import roles
from salesloft_webhooks.cli.options import RoleHost, RoleOpsPort


def worker(  # noqa: PLR0913 - each is an option of the command
    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            "-g",
            envvar="WORKER_GROUP",
            help="Consumer group; a built-in one brings its handlers (docs/handlers.md).",
        ),
    ] = None,
    handlers: Annotated[
        list[str] | None, typer.Option(help="Router of your own, package.module:router. Repeatable. [WORKER_HANDLERS]")
    ] = None,
    events: Annotated[
        list[str] | None,
        typer.Option(help="Event pattern to take; by default what the routers name. Repeatable. [WORKER_EVENTS]"),
    ] = None,
    ordering: Annotated[
        Literal["none", "entity"] | None,
        typer.Option(envvar="WORKER_ORDERING", help="entity: one at a time and in order per person."),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(envvar="WORKER_CONCURRENCY", min=1, max=500, help="Handlers running at once; 50 by default."),
    ] = None,
    host: RoleHost = None,
    ops_port: RoleOpsPort = None,
    *,
    where: Annotated[
        str | None,
        typer.Option(envvar="WORKER_WHERE", help="What an event has to say to be handled (docs/filters.md)."),
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start anew when a file of the handlers changes. For development only.")
    ] = False,
) -> None:
    """Handle the events of one group. Runs until SIGTERM, then lets running handlers finish."""
    if reload:
        from salesloft_webhooks.cli.commands.worker.reloading import run_reloading

        raise typer.Exit(run_reloading(_comma_list(handlers) or ""))
    roles.worker(
        worker_group=group,
        worker_handlers=_comma_list(handlers),
        worker_events=_comma_list(events),
        worker_where=where,
        worker_ordering=ordering,
        worker_concurrency=concurrency,
        host=host,
        ops_port=ops_port,
    )


def _comma_list(values: list[str] | None) -> str | None:
    """Several options, each perhaps with commas, as the comma list that the setting is."""
    return ",".join(values) if values else None
