"""Note. Generated from SalesLoft's description of its API: `make docs`."""

from salesloft_webhooks.resources.reading import Reference, Resource


class Note(Resource, frozen=True, kw_only=True):
    """A note about a person or an account (`associated_type`)."""

    associated_type: str | None = None
    associated_with: Reference | None = None
    call: Reference | None = None
    content: str | None = None
    user: Reference | None = None
