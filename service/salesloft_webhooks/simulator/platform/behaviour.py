"""How the simulated SalesLoft behaves where its description says a number, or nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is documented by default; what is not can be had either way.

    Attributes:
        attempts: How often a delivery is tried. Documented: four times.
        retry_seconds: How long after a failure. Documented: 15 s.
        attempt_seconds: How long an attempt may take. Not documented.
        per_minute: Units of the rate limit. Documented: 600.
        minute_seconds: How long a minute lasts.
        retry_after: Whether a 429 says how long to wait. Documented: it does not.
        wrapped: Whether subscriptions are wrapped in ``data``. SalesLoft's own example unwraps lists; its description
            says nothing of it.
        token_seconds: How long an access token lives. Documented: 7200 s.
        clock: Unix seconds.
    """

    attempts: int = 4
    retry_seconds: float = 15.0
    attempt_seconds: float = 10.0
    per_minute: int = 600
    minute_seconds: float = 60.0
    retry_after: bool = False
    wrapped: bool = True
    token_seconds: float = 7200.0
    clock: Callable[[], float] = time.time
