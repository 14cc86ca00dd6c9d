"""The roles themselves, apart from the command line that starts them.

A pod starts a role by its name alone. Then Typer has nothing to read, and a fifteenth of the start-up is saved by not
loading it: `alone` runs the role with the same errors, the same exit codes, and every setting from the environment.
"""

import sys
from collections.abc import Callable
from typing import NoReturn

from salesloft_webhooks.cli.console import complain
from salesloft_webhooks.cli.exit_codes import ExitCode, last_words
from salesloft_webhooks.errors import ConfigurationError, SalesloftWebhooksError
from salesloft_webhooks.startup_imports import fast_imports


def receiver(**options: object) -> None:
    """Take deliveries until SIGTERM; options win over the environment."""
    with fast_imports():
        from salesloft_webhooks.operations import run_role
        from salesloft_webhooks.receiver import run
        from salesloft_webhooks.settings import Settings

    run_role("receiver", Settings.load(**options), run)


def worker(**options: object) -> None:
    """Handle the events of one group until SIGTERM; options win over the environment."""
    with fast_imports():
        from salesloft_webhooks.operations import run_role
        from salesloft_webhooks.settings import Settings
        from salesloft_webhooks.worker import run

    run_role("worker", Settings.load(**options), run)


def backfill(**options: object) -> None:
    """Find what no webhook has brought until SIGTERM; options win over the environment."""
    with fast_imports():
        from salesloft_webhooks.backfill import run
        from salesloft_webhooks.operations import run_role
        from salesloft_webhooks.settings import Settings

    run_role("backfill", Settings.load(**options), run)


def console(**options: object) -> None:
    """Show what happened, and let people mend it, until SIGTERM; options win over the environment."""
    with fast_imports():
        from salesloft_webhooks.operations import run_role
        from salesloft_webhooks.settings import Settings

        try:
            from salesloft_webhooks.console import run
        except ModuleNotFoundError as exc:
            if exc.name not in {"jinja2", "python_multipart", "joserfc"}:
                raise
            raise ConfigurationError("the console needs its extra: pip install salesloft-webhooks[console]") from exc

    run_role("console", Settings.load(**options), run)


def operator(**options: object) -> None:
    """Keep what is declared in Kubernetes true at SalesLoft until SIGTERM; options win over the environment."""
    with fast_imports():
        from salesloft_webhooks.operations import run_role
        from salesloft_webhooks.settings import Settings

        try:
            from salesloft_webhooks.operator import run
        except ModuleNotFoundError as exc:
            if exc.name != "lightkube":
                raise
            raise ConfigurationError("the operator needs its extra: pip install salesloft-webhooks[operator]") from exc

    run_role("operator", Settings.load(**options), run)


ROLES: dict[str, Callable[[], None]] = {
    "backfill": backfill,
    "console": console,
    "operator": operator,
    "receiver": receiver,
    "worker": worker,
}


def alone(role: str) -> NoReturn:
    """Run a role that was given no options, and end the process as the command would."""
    code = ExitCode.OK
    try:
        ROLES[role]()
    except SalesloftWebhooksError as exc:
        message, code = last_words(exc)
        complain(message)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    sys.exit(code)
