"""Arrow's and the system's errors as ours. Their texts have addresses in them, and none of them is passed on."""

import os
import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import pyarrow as pa

from salesloft_webhooks.errors import Unavailable

Params = ParamSpec("Params")
ResultT = TypeVar("ResultT")

_AWS_ERROR = re.compile(r"AWS Error ([A-Z_]{3,40})")


def translated(
    deed: str, *, may_be_missing: bool = False
) -> Callable[[Callable[Params, ResultT]], Callable[Params, ResultT]]:
    """A function whose errors are `Unavailable`.

    Args:
        deed: What the warehouse then cannot do, for the message.
        may_be_missing: FileNotFoundError is an answer, and is left as it is.
    """

    def decorate(function: Callable[Params, ResultT]) -> Callable[Params, ResultT]:
        @wraps(function)
        def call(*args: Params.args, **options: Params.kwargs) -> ResultT:
            try:
                return function(*args, **options)
            except (OSError, pa.ArrowException) as exc:
                if may_be_missing and isinstance(exc, FileNotFoundError):
                    raise
                reason = _reason(exc)
            # Raised outside the except block: what it was raised of would be in its traceback.
            raise Unavailable(f"the warehouse cannot {deed}: {reason}", after=15)

        return call

    return decorate


def _reason(error: Exception) -> str:
    """AWS' word or the system's."""
    if found := _AWS_ERROR.search(str(error)):
        return found[1]
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
