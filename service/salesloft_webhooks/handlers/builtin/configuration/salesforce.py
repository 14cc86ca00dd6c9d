"""The section `crm` of the file in `HANDLERS_FILE` with ``backend: salesforce``."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, model_validator

from salesloft_webhooks.handlers.builtin.configuration.crm import FieldTarget, LogPatterns, MatchOrder, VendorCrm

OLDEST_VERSION = 31
"""Earlier ones are retired: every request is answered 410 ("API End-of-Life Policy", REST API Developer Guide)."""

PEOPLE = ("Contact", "Lead")


def _supported(version: str) -> str:
    if int(version.partition(".")[0]) < OLDEST_VERSION:
        raise ValueError(f"retired by Salesforce: {OLDEST_VERSION}.0 or later is needed")
    return version


def _each_once(sobjects: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if not isinstance(sobjects, str) and len(set(sobjects)) < len(sobjects):
        raise ValueError("an object is named twice")
    return sobjects


_Name = Annotated[str, Field(pattern=r"^\w+$")]


class SalesforceCrm(VendorCrm):
    """Contacts and Leads in Salesforce, with the OAuth client credentials flow."""

    backend: Literal["salesforce"]
    login_url: HttpUrl = Field(description="The My Domain address: https://<domain>.my.salesforce.com")
    client_id: SecretStr
    client_secret: SecretStr
    api_version: Annotated[str, Field(pattern=r"^\d{1,4}\.0$"), AfterValidator(_supported)] = "67.0"
    sobject: Annotated[
        _Name | Annotated[tuple[Literal["Contact", "Lead"], ...], Field(min_length=1)], AfterValidator(_each_once)
    ] = Field("Contact", description="Contact, Lead, or a list of both.")
    create_as: Literal["Contact", "Lead"] | None = Field(
        None, description="What is made of somebody who is neither; default: the first of `sobject`."
    )
    match: MatchOrder = Field(("salesloft_id",), description="How a person is found, in this order.")
    on_several: Literal["refuse", "oldest", "create"] = Field(
        "refuse",
        description="Where several records have a person's e-mail address: `refuse` makes a dead letter that says how "
        "many, `oldest` takes the one that was created first, `create` makes another.",
    )
    external_id_field: str = Field(
        "SalesLoft_Person_Id__c", pattern=r"^\w+$", description="Marked External ID and unique in Salesforce."
    )
    fields: dict[str, str | FieldTarget] = Field(
        {
            "email_address": "Email",
            "first_name": "FirstName",
            "last_name": "LastName",
            "title": "Title",
            "phone": "Phone",
        },
        description="Our name of a field -> Salesforce's.",
    )
    lead_fields: dict[str, str | FieldTarget] | None = Field(
        None, description="The same for Leads; default: `fields`, and `company` -> `Company`, which Leads must have."
    )
    on_duplicate: Literal["refuse", "save", "skip"] = Field(
        "refuse",
        description="Where a duplicate rule objects (DUPLICATES_DETECTED): `refuse` makes a dead letter, `save` "
        "overrules rules that only warn, `skip` leaves the person out.",
    )
    log: LogPatterns = Field((), description="Event patterns of what becomes a Task or an Event.")
    activity_id_field: str = Field(
        "SalesLoft_Activity_Id__c", pattern=r"^\w+$", description="Of Activity; marked External ID and unique."
    )
    completed_status: str = Field("Completed", min_length=1, description="Status of a Task that is done.")
    quota_warning: float = Field(
        0.8, gt=0, le=1, description="Share of the organisation's daily requests from which on the log warns."
    )

    @property
    def sobjects(self) -> tuple[str, ...]:
        """The objects, at least one."""
        return (self.sobject,) if isinstance(self.sobject, str) else self.sobject

    @property
    def creates(self) -> str:
        """The object that is made of somebody new."""
        return self.create_as or self.sobjects[0]

    @property
    def looks_up(self) -> bool:
        """Whether people have to be looked for before they are saved: an upsert knows one object and one id."""
        return len(self.sobjects) > 1 or self.match != ("salesloft_id",) or self.sobjects == ("Lead",)

    def fields_of(self, sobject: str) -> Mapping[str, str | FieldTarget]:
        """Our name of a field -> that of an object."""
        if sobject != "Lead":
            return self.fields
        return {"company": "Company", **self.fields} if self.lead_fields is None else self.lead_fields

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        # Found by another way first, a person would get a second record with an id that only one may have.
        if self.match[0] != "salesloft_id":
            raise ValueError("match: salesloft_id comes first: whoever is saved is known by it from then on")
        if self.create_as and self.create_as not in self.sobjects:
            raise ValueError("create_as is none of sobject")
        if not set(self.sobjects) <= set(PEOPLE) and (self.looks_up or self.log):
            raise ValueError("match, and log, are for Contacts and Leads")
        if (self.owners or self.owners_by_email) and not (self.owner_field or self.log):
            raise ValueError("owners are for owner_field, or for what is logged: there is neither")
        return self
