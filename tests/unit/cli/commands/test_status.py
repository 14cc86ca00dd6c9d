"""What `status` says beside a group's figures."""

from io import StringIO

from rich.console import Console

from salesloft_webhooks.broker.administration.stats import GroupStats
from salesloft_webhooks.cli.commands.status import table


def test_each_fact_is_said_once() -> None:
    """Why events are retried, and how many wait for a handler, stand there once each."""
    written = StringIO()

    Console(file=written, width=200).print(
        table([GroupStats("crm", pending=3, unhandled=3, retry_reason="ValueError: no")])
    )

    said = " ".join(written.getvalue().split())
    assert said.count("3 wait for") == said.count("ValueError: no") == 1
