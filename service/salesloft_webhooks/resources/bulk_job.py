"""BulkJob. Generated from SalesLoft's description of its API: `make docs`."""

from salesloft_webhooks.resources.reading import Resource, Time


class BulkJob(Resource, frozen=True, kw_only=True):
    """A job over many records."""

    errors: int | None = None
    finished_at: Time | None = None
    marked_ready_at: Time | None = None
    name: str | None = None
    processed: int | None = None
    ready_to_execute: bool | None = None
    scopes: tuple[str, ...] | None = None
    started_at: Time | None = None
    state: str | None = None
    total: int | None = None
    type: str | None = None
