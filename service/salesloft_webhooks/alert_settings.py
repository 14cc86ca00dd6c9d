"""The settings of alerts: who is told, and how often. Part of `Settings`."""

from pathlib import Path

from pydantic import Field

from salesloft_webhooks.environment import Environment, SecretCommaList


class AlertSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- Alerts -----------------------------------------------------------------------------------------------------
    alert_urls: SecretCommaList = Field(
        (),
        description="Apprise URLs that are told of dead letters of a new class, of a group that its breaker pauses, of "
        "a disabled subscription and of what the backfill finds missing, separated by commas. One of the workers that "
        "have it tells (docs/alerts.md).",
    )
    alert_urls_file: Path | None = Field(
        None, description="File with the same, by commas or one a line, re-read on change."
    )
    alert_period_seconds: float = Field(
        14_400.0,
        gt=0,
        description="What lasts, or happens again and again, is told of once in such a time.",
    )
    console_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/@?#]+(/[^\s?#]*)?$",
        description="Where people reach the console, for the links in alerts: `https://webhooks.example.com`.",
    )
