"""CadenceMembership. Generated from SalesLoft's description of its API: `make docs`."""

from salesloft_webhooks.resources.reading import Part, Reference, Resource, Time


class CadenceMembershipCounts(Part, frozen=True, kw_only=True):
    """How often each happened."""

    bounces: int | None = None
    calls: int | None = None
    clicks: int | None = None
    replies: int | None = None
    sent_emails: int | None = None
    views: int | None = None


class CadenceMembership(Resource, frozen=True, kw_only=True):
    """A person's way through a cadence; `current_state` says where it stands."""

    added_at: Time | None = None
    cadence: Reference | None = None
    counts: CadenceMembershipCounts | None = None
    current_state: str | None = None
    currently_on_cadence: bool | None = None
    latest_action: Reference | None = None
    person: Reference | None = None
    person_deleted: bool | None = None
    step: Reference | None = None
    user: Reference | None = None
