"""Email. Generated from SalesLoft's description of its API: `make docs`."""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.resources.reading import Part, Reference, Resource, Time


class EmailCounts(Part, frozen=True, kw_only=True):
    """How often each happened."""

    attachments: int | None = None
    clicks: int | None = None
    replies: int | None = None
    unique_devices: int | None = None
    unique_locations: int | None = None
    views: int | None = None


class Email(Resource, frozen=True, kw_only=True):
    """An email to one person (`recipient`); subject and body only with a scope that may read them."""

    action: Reference | None = None
    body: str | None = None
    bounced: bool | None = None
    cadence: Reference | None = None
    click_tracking: bool | None = None
    counts: EmailCounts | None = None
    crm_activity: Reference | None = None
    email_template: Reference | None = None
    error_message: str | None = None
    headers: Mapping[str, Any] | None = None
    mailing: Reference | None = None
    message_id: str | None = None
    personalization: str | None = None
    recipient: Reference | None = None
    recipient_email_address: str | None = None
    send_after: Time | None = None
    sent_at: Time | None = None
    status: str | None = None
    step: Reference | None = None
    subject: str | None = None
    task: Reference | None = None
    user: Reference | None = None
    view_tracking: bool | None = None
