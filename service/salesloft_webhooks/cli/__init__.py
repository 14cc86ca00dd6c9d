"""The command ``salesloft-webhooks``: one program, a role or an administrative act per command.

Commands import what they need when they run, so that ``--help`` answers at once and a receiver loads no more than a
receiver needs. Each module here holds one family of commands; this one only puts them together.
"""

import typer

from salesloft_webhooks.cli import (
    dead,
    events,
    groups,
    init,
    migrate,
    quarantine,
    replays,
    roles,
    send,
    status,
    version,
)
from salesloft_webhooks.cli.failures import TranslatingGroup

ROLES = "Roles: run until SIGTERM"
LOOKING = "Look"
ACTING = "Act"
WRITING = "Write handlers of your own"

app = typer.Typer(
    name="salesloft-webhooks",
    cls=TranslatingGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed or not found, 2 wrong usage or setting, 3 unreachable, 4 partly done.",
)


@app.callback()
def root() -> None:
    """Receive SalesLoft webhooks and never lose one. Settings are environment variables: docs/configuration.md."""


app.command(rich_help_panel=ROLES)(roles.receiver)
app.command(rich_help_panel=ROLES)(roles.worker)
app.command(rich_help_panel=ACTING)(migrate.migrate)
app.command(rich_help_panel=WRITING)(init.init)
app.command(rich_help_panel=LOOKING)(status.status)
app.add_typer(events.app, name="events", rich_help_panel=LOOKING)
app.add_typer(quarantine.app, name="quarantine", rich_help_panel=LOOKING)
app.command(rich_help_panel=LOOKING)(version.version)
app.command(rich_help_panel=ACTING)(send.send)
app.add_typer(dead.app, name="dead", rich_help_panel=ACTING)
app.command(rich_help_panel=ACTING)(replays.replay)
app.add_typer(groups.app, name="groups", rich_help_panel=ACTING)


def main() -> None:
    """Entry point of the console script."""
    app()
