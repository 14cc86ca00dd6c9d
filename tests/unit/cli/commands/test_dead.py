"""The options of `dead` follow what is known elsewhere."""

from salesloft_webhooks.cli.commands.dead.selection import REASONS
from salesloft_webhooks.telemetry.labels import DeadLetterReason


def test_reasons_are_those_of_the_metric() -> None:
    """`--reason` takes every reason that a dead letter can have, in the same order, and no other."""
    assert list(DeadLetterReason) == list(REASONS)
