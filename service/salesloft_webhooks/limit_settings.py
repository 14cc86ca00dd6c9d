"""The settings of what limits a group. Part of `Settings`."""

from typing import Annotated

from pydantic import AfterValidator, Field

from salesloft_webhooks.environment import Environment
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.limits import MOST_RUNNING, RATE_RULE, Rate


def _checked(text: str) -> str:
    try:
        return Rate.parse(text).text
    except ConfigurationError as exc:
        raise ValueError(RATE_RULE) from exc


class LimitSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- Worker limits ----------------------------------------------------------------------------------------------
    worker_max_running: int | None = Field(
        None,
        ge=1,
        le=MOST_RUNNING,
        description="Attempts of the group that run at once, in all of its workers together (docs/limits.md); default: "
        "what its routers say. `WORKER_CONCURRENCY` is about one process.",
    )
    worker_rate: Annotated[str, AfterValidator(_checked)] | None = Field(
        None,
        description="How many attempts of the group begin, in all of its workers together: `10/s`, `100/min`, "
        "`100/min burst 20`, `5000/h`; default: what its routers say.",
    )
