"""`subscriptions plan`."""

import typer

from salesloft_webhooks.cli.commands.subscriptions.drift import (
    document,
    is_as_declared,
    require_list,
    say_state,
    show_rows,
)
from salesloft_webhooks.cli.commands.subscriptions.rows import rows
from salesloft_webhooks.cli.commands.subscriptions.session import DECLARED, File, Look, Session, with_session
from salesloft_webhooks.cli.console import show_json
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.options import AsJson


def plan(*, file: File = DECLARED, as_json: AsJson = False) -> None:
    """Show what `apply` would change. Exit code 0: nothing; 5: something is not as it is declared."""

    async def act(session: Session) -> Look:
        look = await session.look()
        require_list(look)
        if as_json:
            show_json(document(look))
        else:
            show_rows(rows(look))
            say_state(look)
        return look

    raise typer.Exit(ExitCode.OK if is_as_declared(with_session(file, act)) else ExitCode.DRIFT)
