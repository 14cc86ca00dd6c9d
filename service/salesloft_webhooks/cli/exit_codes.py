"""What the command's exit code says, so that scripts need not read its messages."""

from enum import IntEnum

from salesloft_webhooks.errors import (
    ClusterUnavailable,
    ConfigurationError,
    SalesloftUnavailable,
    SalesloftWebhooksError,
    StoreError,
)

STORE_HINT = "Is the server running, and does REDIS_URL point to it? `salesloft-webhooks up` brings one."


class ExitCode(IntEnum):
    """Exit codes of every command. ``docs/cli.md`` prints this table."""

    OK = 0
    """What was asked for is done."""
    FAILED = 1
    """It was not done, or what was asked for does not exist; nothing was changed."""
    USAGE = 2
    """The command line or a setting is wrong; nothing was tried."""
    UNREACHABLE = 3
    """Redis, SalesLoft or Kubernetes cannot be reached, is too slow or full; for `send`, nobody answers there."""
    PARTLY = 4
    """Some of it was done and some could not be; the output says which."""
    DRIFT = 5
    """`subscriptions plan`: what is at SalesLoft is not what is declared."""
    INTERRUPTED = 130
    """Ended by Ctrl-C. Commands that then say what they did, or run until it anyway, end with a code above instead."""


def last_words(error: SalesloftWebhooksError) -> tuple[str, ExitCode]:
    """What a command says of an error of ours that ends it, and the code that it ends with."""
    if isinstance(error, ConfigurationError):
        return str(error), ExitCode.USAGE
    if isinstance(error, StoreError):
        return f"{error}\n{STORE_HINT}", ExitCode.UNREACHABLE
    if isinstance(error, SalesloftUnavailable | ClusterUnavailable):
        return str(error), ExitCode.UNREACHABLE
    return str(error), ExitCode.FAILED
