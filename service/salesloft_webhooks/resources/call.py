"""Call. Generated from SalesLoft's description of its API: `make docs`."""

from salesloft_webhooks.resources.reading import Part, Reference, Resource


class Recording(Part, frozen=True, kw_only=True):
    """Part of a resource."""

    recording_status: str | None = None
    status: str | None = None
    url: str | None = None


class Call(Resource, frozen=True, kw_only=True):
    """A call that a rep has logged; `called_person` is whom, `duration` in seconds."""

    action: Reference | None = None
    cadence: Reference | None = None
    called_person: Reference | None = None
    connected: bool | None = None
    crm_activity: Reference | None = None
    disposition: str | None = None
    duration: int | None = None
    note: Reference | None = None
    positive: bool | None = None
    recordings: tuple[Recording, ...] | None = None
    sentiment: str | None = None
    step: Reference | None = None
    task: Reference | None = None
    to: str | None = None
    user: Reference | None = None
