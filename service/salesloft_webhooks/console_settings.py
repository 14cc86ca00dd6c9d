"""The settings of the console. Part of `Settings`."""

from enum import StrEnum

from pydantic import Field

from salesloft_webhooks.environment import Environment


class ConsoleAuth(StrEnum):
    """How the console knows who asks."""

    NONE = "none"
    """It does not, and lets everybody do everything: on a loopback address only."""


class ConsoleSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- Console ----------------------------------------------------------------------------------------------------
    console_port: int = Field(
        8080, ge=0, le=65_535, description="Where the console's pages are. Never the webhook's port or host name."
    )
    console_auth: ConsoleAuth | None = Field(
        None,
        description="How the console knows who asks: `none` lets everybody of this machine do everything, and is "
        "refused unless HOST is a loopback address. Without it the console does not start.",
    )
