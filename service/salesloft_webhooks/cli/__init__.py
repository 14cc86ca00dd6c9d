"""The command ``salesloft-webhooks``: one program, a role or an administrative act per command.

Commands import what they need when they run, so that ``--help`` answers at once and a receiver loads no more than a
receiver needs. Each module in ``commands/`` holds one of them, or one family; this one only puts them together. What
they share stands beside that folder.
"""

from salesloft_webhooks import early_sigterm  # noqa: F401 - it listens for SIGTERM while the rest is imported

# isort: split
import typer

from salesloft_webhooks.cli.commands import (
    dead,
    events,
    groups,
    init,
    migrate,
    quarantine,
    receiver,
    replay,
    send,
    status,
    trial,
    version,
    worker,
)
from salesloft_webhooks.cli.commands.up import command_line
from salesloft_webhooks.cli.commands.up.data_folder import adopt_running
from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.failures import TranslatingGroup

RUNNING = "Run, until Ctrl-C or SIGTERM"
LOOKING = "Look"
ACTING = "Act"
WRITING = "Write handlers of your own"
ON_THEIR_OWN = {"receiver", "worker", "up", "init", "version", None}
"""Commands that never work on a pipeline they merely find."""

app = typer.Typer(
    name="salesloft-webhooks",
    cls=TranslatingGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed or not found, 2 wrong usage or setting, 3 unreachable, 4 partly done.",
)


@app.callback()
def root(context: typer.Context) -> None:
    """Receive SalesLoft webhooks and never lose one. Settings are environment variables: docs/configuration.md."""
    if context.invoked_subcommand not in ON_THEIR_OWN and (folder := adopt_running()):
        note(f"on the pipeline of `up` in {folder} (REDIS_URL is not set)")


app.command(rich_help_panel=RUNNING)(command_line.up)
app.command(rich_help_panel=RUNNING)(receiver.receiver)
app.command(rich_help_panel=RUNNING)(worker.worker)
app.command(rich_help_panel=LOOKING)(status.status)
app.add_typer(events.app, name="events", rich_help_panel=LOOKING)
app.add_typer(quarantine.app, name="quarantine", rich_help_panel=LOOKING)
app.command(rich_help_panel=LOOKING)(version.version)
app.command(rich_help_panel=ACTING)(send.send)
app.command(rich_help_panel=ACTING)(trial.trial)
app.add_typer(dead.app, name="dead", rich_help_panel=ACTING)
app.command(rich_help_panel=ACTING)(replay.replay)
app.add_typer(groups.app, name="groups", rich_help_panel=ACTING)
app.command(rich_help_panel=ACTING)(migrate.migrate)
app.command(rich_help_panel=WRITING)(init.init)


def main() -> None:
    """Entry point of the console script."""
    app()
