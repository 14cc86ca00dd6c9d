"""`body-keys new`."""

from datetime import UTC, datetime

import typer


def new() -> None:
    """Make a key, as a line of BODY_KEY_FILE has it, and print it: put it into a secret, never into a repository.

    The first line encrypts, all decrypt: add a new key as the last line, and move it to the front when every process
    has read it.
    """
    from salesloft_webhooks.broker.body_encryption import key_line

    typer.echo(f"{key_line()} made {datetime.now(UTC):%Y-%m-%d}")
