"""Account. Generated from SalesLoft's description of its API: `make docs`."""

from collections.abc import Mapping
from typing import Any

from salesloft_webhooks.resources.reading import Part, Reference, Resource, Time


class AccountCounts(Part, frozen=True, kw_only=True):
    """How often each happened."""

    people: int | None = None


class Account(Resource, frozen=True, kw_only=True):
    """A company."""

    account_tier: Reference | None = None
    archived_at: Time | None = None
    city: str | None = None
    company_stage: Reference | None = None
    company_type: str | None = None
    conversational_name: str | None = None
    country: str | None = None
    counts: AccountCounts | None = None
    creator: Reference | None = None
    crm_id: str | None = None
    crm_object_type: str | None = None
    crm_url: str | None = None
    custom_fields: Mapping[str, Any] | None = None
    description: str | None = None
    do_not_contact: bool | None = None
    domain: str | None = None
    founded: str | None = None
    industry: str | None = None
    last_contacted_at: Time | None = None
    last_contacted_by: Reference | None = None
    last_contacted_person: Reference | None = None
    last_contacted_type: str | None = None
    linkedin_url: str | None = None
    locale: str | None = None
    name: str | None = None
    owner: Reference | None = None
    owner_crm_id: str | None = None
    phone: str | None = None
    postal_code: str | None = None
    revenue_range: str | None = None
    size: str | None = None
    state: str | None = None
    street: str | None = None
    tags: tuple[str, ...] | None = None
    twitter_handle: str | None = None
    user_relationships: Mapping[str, Any] | None = None
    website: str | None = None
