"""The keyword arguments of a `Router` and its decorators, for type checkers; what they mean stands there."""

from datetime import timedelta
from typing import Required, TypedDict

from salesloft_webhooks.handlers.debounce import Debounce
from salesloft_webhooks.handlers.limited_handler import Limit
from salesloft_webhooks.settings import Ordering


class Overrides(TypedDict, total=False):
    """What `Router.on` takes besides event types: what overrides settings."""

    timeout_seconds: float | None
    max_attempts: int | None
    backoff_base_seconds: float | None
    backoff_cap_seconds: float | None


class Options(Overrides, total=False):
    """What `Router.on` takes besides event types."""

    where: str | None
    in_process: bool
    limit: Limit | None
    debounce: Debounce | None


class BatchOptions(Options, total=False):
    """What `Router.on_batch` takes besides event types."""

    max_size: Required[int]
    max_wait: float | timedelta


class Needs(TypedDict, total=False):
    """What `Router` takes besides a lifespan."""

    ordering: Ordering
    max_running: int | None
    rate: str | None
