"""How the simulated SalesLoft behaves where its description says a number, or nothing."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


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
        shown_tokens: Whether subscriptions show their token. Its description has the field; others hide such.
        one_of_a_kind: Whether a second subscription with the same event type and URL is refused. Not documented.
        tenant_id: The team that subscriptions say they belong to.
        token_seconds: How long an access token lives. Documented: 7200 s.
        kept_records: How many records a list has at most; those that changed longest ago go. None: all.
        connect_to: Where deliveries to a host go instead, by host (with its port, if the address has one): for
            addresses that exist nowhere, as ``https://hooks.example.com/webhooks/salesloft`` in a test.
        duplicates: Share of the deliveries that come once more although they were taken, 0 to 1.
        forgeries: Share of the deliveries that somebody without the keys forges, 0 to 1.
        clock: Unix seconds.
    """

    attempts: int = 4
    retry_seconds: float = 15.0
    attempt_seconds: float = 10.0
    per_minute: int = 600
    minute_seconds: float = 60.0
    retry_after: bool = False
    wrapped: bool = True
    shown_tokens: bool = True
    one_of_a_kind: bool = False
    tenant_id: int = 16
    token_seconds: float = 7200.0
    kept_records: int | None = None
    connect_to: Mapping[str, str] = field(default_factory=dict)
    duplicates: float = 0.0
    forgeries: float = 0.0
    clock: Callable[[], float] = time.time
