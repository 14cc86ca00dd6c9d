"""Meeting. Generated from SalesLoft's description of its API: `make docs`."""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.resources.reading import Part, Reference, Resource, Time


class Attendee(Part, frozen=True, kw_only=True):
    """Part of a resource."""

    deleted_at: Time | None = None
    email: str | None = None
    name: str | None = None
    organizer: bool | None = None
    status: str | None = None
    status_changed: bool | None = None


class MeetingSettings(Part, frozen=True, kw_only=True):
    """Part of a resource."""

    email_address: str | None = None


class Meeting(Resource, frozen=True, kw_only=True):
    """A meeting with a person."""

    account_id: str | None = None
    all_day: bool | None = None
    attendees: tuple[Attendee, ...] | None = None
    booked_by_meetings_settings: MeetingSettings | None = None
    booked_by_user: Reference | None = None
    cadence: Reference | None = None
    calendar_id: str | None = None
    calendar_type: str | None = None
    canceled_at: Time | None = None
    crm_custom_fields: Mapping[str, Any] | None = None
    crm_references: Mapping[str, Any] | None = None
    description: str | None = None
    end_time: Time | None = None
    event_id: str | None = None
    event_source: str | None = None
    guests: tuple[str, ...] | None = None
    i_cal_uid: str | None = None
    location: str | None = None
    meeting_type: str | None = None
    no_show: bool | None = None
    owned_by_meetings_settings: MeetingSettings | None = None
    person: Reference | None = None
    recipient_email: str | None = None
    recipient_name: str | None = None
    start_time: Time | None = None
    status: str | None = None
    step: Reference | None = None
    strict_attribution: bool | None = None
    task_id: str | None = None
    title: str | None = None
