"""User. Generated from SalesLoft's description of its API: `make docs`."""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.resources.reading import Reference, Resource


class User(Resource, frozen=True, kw_only=True):
    """A rep."""

    active: bool | None = None
    bcc_email_address: str | None = None
    click_to_call_enabled: bool | None = None
    crm_connected: bool | None = None
    email: str | None = None
    email_client_configured: bool | None = None
    email_client_email_address: str | None = None
    email_signature: str | None = None
    email_signature_click_tracking_disabled: bool | None = None
    email_signature_type: str | None = None
    external_feature_flags: Mapping[str, Any] | None = None
    first_name: str | None = None
    from_address: str | None = None
    full_email_address: str | None = None
    group: Reference | None = None
    guid: str | None = None
    job_role: str | None = None
    last_name: str | None = None
    local_dial_enabled: bool | None = None
    name: str | None = None
    phone_client: Reference | None = None
    phone_number_assignment: Reference | None = None
    role: Reference | None = None
    sending_email_address: str | None = None
    slack_username: str | None = None
    team: Reference | None = None
    team_admin: bool | None = None
    time_zone: str | None = None
    twitter_handle: str | None = None
    work_country: str | None = None
