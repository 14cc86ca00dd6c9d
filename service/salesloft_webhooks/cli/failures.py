"""From errors to exit codes: people get one line on stderr, scripts a number, nobody a traceback."""

from typing import NoReturn

import typer
from typer.core import TyperGroup

from salesloft_webhooks.cli.console import complain
from salesloft_webhooks.cli.exit_codes import ExitCode, last_words
from salesloft_webhooks.errors import SalesloftWebhooksError


class TranslatingGroup(TyperGroup):
    """The root of the command tree; ends the process with an `ExitCode` for every error that is ours."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the chosen command. Errors of other origin are bugs and keep their traceback."""
        try:
            return super().invoke(ctx)
        except SalesloftWebhooksError as exc:
            message, code = last_words(exc)
            fail(message, code=code)


def fail(message: str, *, code: ExitCode = ExitCode.FAILED) -> NoReturn:
    """Say what is wrong on stderr and end the command with ``code``."""
    complain(message)
    raise typer.Exit(code)
