"""`warehouse`: the Parquet files that the group of that name writes. A module each."""

import typer

from salesloft_webhooks.cli.commands.warehouse import check, compact, erase

app = typer.Typer(no_args_is_help=True, help="Parquet files of the group `warehouse` (docs/warehouse.md).")

app.command()(compact.compact)
app.command()(check.check)
app.command()(erase.erase)
