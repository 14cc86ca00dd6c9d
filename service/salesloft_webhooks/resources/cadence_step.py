"""Step. Generated from SalesLoft's description of its API: `make docs`."""

from salesloft_webhooks.resources.reading import Reference, Resource


class Step(Resource, frozen=True, kw_only=True):
    """A step of a cadence."""

    cadence: Reference | None = None
    day: int | None = None
    details: Reference | None = None
    disabled: bool | None = None
    display_name: str | None = None
    multitouch_enabled: bool | None = None
    name: str | None = None
    step_number: int | None = None
    type: str | None = None
