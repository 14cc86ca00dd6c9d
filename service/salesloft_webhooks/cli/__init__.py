"""The command ``salesloft-webhooks``: one program, a role or an administrative act per command.

Only the command that was asked for is loaded, and imports what it needs when it runs: so ``--help`` answers at once,
and a receiver loads no more than a receiver needs. Each module in ``commands/`` holds one of them, or one family;
``application.py`` puts them together. What they share stands beside that folder.
"""

from salesloft_webhooks import early_sigterm  # noqa: F401 - it listens for SIGTERM while the rest is imported

# isort: split
import sys

from salesloft_webhooks.startup_imports import collection_paused


def main() -> None:
    """Entry point of the console script."""
    with collection_paused():
        from salesloft_webhooks.cli.application import application

        asked = application(next(iter(sys.argv[1:]), None))
    asked()
