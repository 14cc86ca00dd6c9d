"""Cadence. Generated from SalesLoft's description of its API: `make docs`."""

from salesloft_webhooks.resources.reading import Part, Reference, Resource, Time


class CadenceCounts(Part, frozen=True, kw_only=True):
    """How often each happened."""

    cadence_people: int | None = None
    meetings_booked: int | None = None
    opportunities_created: int | None = None
    people_acted_on_count: int | None = None
    target_daily_people: int | None = None


class Cadence(Resource, frozen=True, kw_only=True):
    """A sequence of steps that people go through."""

    added_stage: Reference | None = None
    archived_at: Time | None = None
    bounced_stage: Reference | None = None
    cadence_framework_id: int | None = None
    cadence_function: str | None = None
    cadence_priority: Reference | None = None
    counts: CadenceCounts | None = None
    creator: Reference | None = None
    draft: bool | None = None
    external_identifier: str | None = None
    finished_stage: Reference | None = None
    groups: tuple[Reference, ...] | None = None
    name: str | None = None
    opt_out_link_included: bool | None = None
    owner: Reference | None = None
    remove_bounces_enabled: bool | None = None
    remove_replies_enabled: bool | None = None
    replied_stage: Reference | None = None
    shared: bool | None = None
    tags: tuple[str, ...] | None = None
    team_cadence: bool | None = None
