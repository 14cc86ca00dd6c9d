"""Success. Generated from SalesLoft's description of its API: `make docs`."""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.resources.reading import Reference, Resource, Time


class Success(Resource, frozen=True, kw_only=True):
    """A success with a person."""

    counts: Mapping[str, Any] | None = None
    latest_action: Reference | None = None
    latest_cadence: Reference | None = None
    latest_call: Reference | None = None
    latest_email: Reference | None = None
    latest_step: Reference | None = None
    person: Reference | None = None
    succeeded_at: Time | None = None
    success_window_started_at: Time | None = None
    user: Reference | None = None
