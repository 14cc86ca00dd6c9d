"""Person. Generated from SalesLoft's description of its API: `make docs`."""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.resources.reading import Part, Reference, Resource, Time


class PersonCounts(Part, frozen=True, kw_only=True):
    """How often each happened."""

    calls: int | None = None
    emails_bounced: int | None = None
    emails_clicked: int | None = None
    emails_replied_to: int | None = None
    emails_sent: int | None = None
    emails_viewed: int | None = None


class Person(Resource, frozen=True, kw_only=True, rename={"import_": "import"}):
    """A person."""

    account: Reference | None = None
    account_crm_id: str | None = None
    bouncing: bool | None = None
    cadences: tuple[Reference, ...] | None = None
    city: str | None = None
    contact_restrictions: tuple[str, ...] | None = None
    country: str | None = None
    counts: PersonCounts | None = None
    crm_id: str | None = None
    crm_object_type: str | None = None
    crm_url: str | None = None
    custom_fields: Mapping[str, Any] | None = None
    display_name: str | None = None
    do_not_contact: bool | None = None
    email_address: str | None = None
    eu_resident: bool | None = None
    external_source: str | None = None
    first_name: str | None = None
    full_email_address: str | None = None
    home_phone: str | None = None
    hot_lead: bool | None = None
    import_: Reference | None = None
    job_function: str | None = None
    job_seniority: str | None = None
    last_completed_step: Reference | None = None
    last_completed_step_cadence: Reference | None = None
    last_contacted_at: Time | None = None
    last_contacted_by: Reference | None = None
    last_contacted_type: str | None = None
    last_name: str | None = None
    last_replied_at: Time | None = None
    linkedin_url: str | None = None
    locale: str | None = None
    locale_utc_offset: int | None = None
    mobile_phone: str | None = None
    most_recent_cadence: Reference | None = None
    owner: Reference | None = None
    owner_crm_id: str | None = None
    person_company_industry: str | None = None
    person_company_name: str | None = None
    person_company_website: str | None = None
    person_stage: Reference | None = None
    personal_email_address: str | None = None
    personal_website: str | None = None
    phone: str | None = None
    phone_extension: str | None = None
    secondary_email_address: str | None = None
    starred: bool | None = None
    state: str | None = None
    success_count: int | None = None
    tags: tuple[str, ...] | None = None
    title: str | None = None
    twitter_handle: str | None = None
    untouched: bool | None = None
    work_city: str | None = None
    work_country: str | None = None
    work_state: str | None = None
