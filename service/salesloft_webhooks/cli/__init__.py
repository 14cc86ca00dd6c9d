"""The command ``salesloft-webhooks``: one program, a role or an administrative act per command.

Only the command that was asked for is loaded, and imports what it needs when it runs: so ``--help`` answers at once,
and a receiver loads no more than a receiver needs. Each module in ``commands/`` holds one of them, or one family;
``application.py`` puts them together. What they share stands beside that folder.
"""

from salesloft_webhooks import early_sigterm  # it listens for SIGTERM while the rest is imported

# isort: split
import sys

from salesloft_webhooks.startup_imports import collection_paused


def main() -> None:
    """Entry point of the console script."""
    words = sys.argv[1:]
    if len(words) == 1 and words[0] in early_sigterm.ROLES:
        with collection_paused():
            from salesloft_webhooks.cli.roles import alone

        alone(words[0])
    with collection_paused():
        from salesloft_webhooks.cli.application import application

        asked = application(next(iter(words), None))
    asked()
