"""The commands as one Typer application."""

from dataclasses import dataclass
from importlib import import_module

import typer

from salesloft_webhooks.cli.failures import TranslatingGroup

RUNNING = "Run, until Ctrl-C or SIGTERM"
LOOKING = "Look"
ACTING = "Act"
WRITING = "Write handlers of your own"


@dataclass(frozen=True)
class Command:
    """A command, or a family of them.

    Attributes:
        panel: Under which heading ``--help`` lists it.
        module: Where it is, below ``commands/``: as the function of its name, or a family as the Typer ``app``.
        adopts: Whether it works on a running `up` that it finds.
    """

    panel: str
    module: str
    adopts: bool = True


COMMANDS = {
    "up": Command(RUNNING, "up.command_line", adopts=False),
    "receiver": Command(RUNNING, "receiver", adopts=False),
    "worker": Command(RUNNING, "worker.command_line", adopts=False),
    "backfill": Command(RUNNING, "backfill"),
    "console": Command(RUNNING, "console"),
    "operator": Command(RUNNING, "operator", adopts=False),
    "simulator": Command(RUNNING, "simulator", adopts=False),
    "status": Command(LOOKING, "status"),
    "events": Command(LOOKING, "events"),
    "quarantine": Command(LOOKING, "quarantine"),
    "runs": Command(LOOKING, "runs"),
    "audit": Command(LOOKING, "audit"),
    "doctor": Command(LOOKING, "doctor.command_line"),
    "notify": Command(LOOKING, "notify"),
    "size": Command(LOOKING, "size", adopts=False),
    "acl": Command(LOOKING, "acl", adopts=False),
    "version": Command(LOOKING, "version", adopts=False),
    "send": Command(ACTING, "send"),
    "trial": Command(ACTING, "trial.command_line"),
    "link-swap": Command(ACTING, "link_swap"),
    "dead": Command(ACTING, "dead"),
    "follow-ups": Command(ACTING, "follow_ups"),
    "replay": Command(ACTING, "replay"),
    "groups": Command(ACTING, "groups"),
    "erase": Command(ACTING, "erase"),
    "body-keys": Command(ACTING, "body_keys"),
    "migrate": Command(ACTING, "migrate"),
    "warehouse": Command(ACTING, "warehouse", adopts=False),
    "subscriptions": Command(ACTING, "subscriptions"),
    "alerts": Command(ACTING, "alerts"),
    "init": Command(WRITING, "init", adopts=False),
}
"""Every command, in the order of ``--help``."""


def application(word: str | None = None) -> typer.Typer:
    """The application with the one command that ``word`` names; with all of them when it is no command."""
    app = typer.Typer(
        name="salesloft-webhooks",
        cls=TranslatingGroup,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Exit codes: 0 done, 1 failed or not found, 2 wrong usage or setting, 3 unreachable, 4 partly, 5 drift.",
    )
    app.callback()(root)
    for name in [word] if word in COMMANDS else COMMANDS:
        _add(app, name)
    return app


def root(context: typer.Context) -> None:
    """Receive SalesLoft webhooks and never lose one. Settings are environment variables: docs/configuration.md."""
    command = COMMANDS.get(context.invoked_subcommand or "")
    if command is None or not command.adopts:
        return
    from salesloft_webhooks.cli.commands.up.data_folder import adopt_running
    from salesloft_webhooks.cli.console import note

    if folder := adopt_running():
        note(f"on the pipeline of `up` in {folder} (REDIS_URL is not set)")


def _add(app: typer.Typer, name: str) -> None:
    command = COMMANDS[name]
    module = import_module(f"salesloft_webhooks.cli.commands.{command.module}")
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name, rich_help_panel=command.panel)
    else:
        app.command(rich_help_panel=command.panel)(getattr(module, name))
