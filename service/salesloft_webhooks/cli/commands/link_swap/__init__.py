"""`link-swap`: asking as SalesLoft does before it sends a mail. A module each."""

import typer

from salesloft_webhooks.cli.commands.link_swap import try_

app = typer.Typer(no_args_is_help=True, help="What SalesLoft waits for before it sends a mail: docs/link_swap.md.")


@app.callback()
def _family() -> None:
    """Without this, typer would make a family of one the command itself."""


app.command("try")(try_.try_)
