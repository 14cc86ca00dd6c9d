"""CallDataRecord. Generated from SalesLoft's description of its API: `make docs`."""

from salesloft_webhooks.resources.call import Recording
from salesloft_webhooks.resources.reading import Reference, Resource


class CallDataRecord(Resource, frozen=True, kw_only=True, rename={"from_": "from"}):
    """What the telephone system knows of a call."""

    call: Reference | None = None
    call_type: str | None = None
    call_uuid: str | None = None
    called_person: Reference | None = None
    direction: str | None = None
    duration: int | None = None
    from_: str | None = None
    recording: Recording | None = None
    status: str | None = None
    to: str | None = None
    user: Reference | None = None
