"""The section `crm` of the file in `HANDLERS_FILE`."""

from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, model_validator

from salesloft_webhooks.event_patterns import Patterns, matches
from salesloft_webhooks.handlers.builtin.configuration.sections import EmailAddress, HttpEndpoint, Section


class ActivityKind(StrEnum):
    """What a logged activity is."""

    EMAIL = "email"
    """A mail that a rep sent."""
    REPLY = "reply"
    """A person's answer to one. Of what it says SalesLoft sends nothing."""
    CALL = "call"
    """A call that a rep made."""
    MEETING = "meeting"
    """A meeting that was booked, or what became of it."""


LOGGABLE = MappingProxyType(
    {
        "email.sent": ActivityKind.EMAIL,
        "email.replied": ActivityKind.REPLY,
        "call.completed": ActivityKind.CALL,
        "meeting.booked": ActivityKind.MEETING,
        "meeting.updated": ActivityKind.MEETING,
    }
)
"""Event types that may be logged, and as what."""


def _loggable(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for number, pattern in enumerate(patterns, start=1):
        if not any(matches(event_type, (pattern,)) for event_type in LOGGABLE):
            raise ValueError(f"number {number} means nothing that can be logged: {', '.join(LOGGABLE)}")
    return patterns


LogPatterns = Annotated[Patterns, AfterValidator(_loggable)]
"""The setting `log`: event patterns, each of which means something that can be logged."""


def logged_types(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The event types that a setting `log` means."""
    return tuple(event_type for event_type in LOGGABLE if matches(event_type, patterns))


def logged_kinds(patterns: tuple[str, ...]) -> tuple[ActivityKind, ...]:
    """The kinds of activities that a setting `log` means."""
    return tuple(dict.fromkeys(LOGGABLE[event_type] for event_type in logged_types(patterns)))


MatchBy = Literal["salesloft_id", "crm_id", "email_address"]
"""How a person is found in a CRM: by SalesLoft's id in a field of one's own, by the CRM's id, which SalesLoft keeps as
`crm_id`, or by the e-mail address."""


def _each_once(order: tuple[MatchBy, ...]) -> tuple[MatchBy, ...]:
    if len(set(order)) < len(order):
        raise ValueError("a way is named twice")
    return order


MatchOrder = Annotated[tuple[MatchBy, ...], Field(min_length=1), AfterValidator(_each_once)]
"""The setting `match`: the first way that finds somebody counts."""

FieldType = Literal["text", "number", "boolean", "date", "datetime", "choices"]


class FieldTarget(Section):
    """Where a field of SalesLoft's person goes, if there is more to say than the name."""

    to: str = Field(min_length=1, description="Their name of the field.")
    type: FieldType = Field(default="text", description="What it takes; a value that does not fit is left out.")
    clear: bool = Field(default=False, description="Empty theirs where SalesLoft's is empty.")


class SqlCrm(Section):
    """Contacts in the table `contacts` of `DATABASE_URL`. Activities are the group `activity`'s there: no `log`."""

    backend: Literal["sql"] = "sql"


class HttpCrm(HttpEndpoint):
    """Contacts posted to an endpoint of one's own, as ``contact.saved``, ``contact.deleted``, ``contact.bounced``."""

    backend: Literal["http"]
    secrets: tuple[SecretStr, ...] = Field((), description="Standard Webhooks secrets; every one signs.")
    log: LogPatterns = Field((), description="Event patterns of what is posted as ``activity.logged``.")
    timeout_seconds: float = Field(10.0, gt=0)


class VendorCrm(Section):
    """What the CRMs of vendors have in common."""

    fields: dict[str, str | FieldTarget] = Field(default={}, description="Our name of a field -> theirs.")
    bounced_field: str | None = Field(None, description="Field that receives an address that bounced.")
    deleted_field: str | None = Field(None, description="Field set to true when the person is deleted.")
    owner_field: str | None = Field(None, description="Field that receives the id of the person's owner there.")
    owners: dict[int | EmailAddress, Annotated[str, Field(coerce_numbers_to_str=True)]] = Field(
        default={}, description="SalesLoft user id, or the e-mail address of that user -> the owner's id there."
    )
    owners_by_email: bool = Field(
        default=False, description="Ask the CRM for the owner with the rep's e-mail address, where `owners` has none."
    )
    timeout_seconds: float = Field(20.0, gt=0)

    @model_validator(mode="after")
    def _owned(self) -> Self:
        if self.owner_field and not (self.owners or self.owners_by_email):
            raise ValueError("owner_field needs owners or owners_by_email: nobody is known to be an owner")
        return self

    @property
    def knows_reps_by_email(self) -> bool:
        """Whether SalesLoft has to be asked for the e-mail addresses of its users."""
        return self.owners_by_email or any(isinstance(rep, str) for rep in self.owners)


class HubSpotCrm(VendorCrm):
    """Contacts in HubSpot, with the token of a service key or of a legacy private app."""

    backend: Literal["hubspot"]
    token: SecretStr
    base_url: HttpUrl = HttpUrl("https://api.hubapi.com")
    api_version: str = Field("2026-09", pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="HubSpot's dated version.")
    match: MatchOrder = Field(("email_address",), description="How a person is found, in this order.")
    salesloft_id_field: str = Field(
        "salesloft_person_id", pattern=r"^[a-z]\w*$", description="Property with unique values: SalesLoft's id."
    )
    fields: dict[str, str | FieldTarget] = Field(
        {
            "first_name": "firstname",
            "last_name": "lastname",
            "title": "jobtitle",
            "phone": "phone",
            "company": "company",
        },
        description="Our name of a field -> HubSpot's property. The e-mail address is always sent.",
    )
    log: LogPatterns = Field((), description="Event patterns of what becomes an engagement.")
    activity_id_field: str = Field(
        "salesloft_activity_id",
        pattern=r"^[a-z]\w*$",
        description="Property with unique values, of each kind of engagement that is logged.",
    )
    quota_warning: float = Field(
        0.9, gt=0, le=1, description="Share of the account's daily requests from which on the log warns."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.owners or self.owners_by_email) and not (self.owner_field or self.log):
            raise ValueError("owners are for owner_field, or for what is logged: there is neither")
        if self.match == ("crm_id",):
            raise ValueError("match: crm_id alone does not find again whom it has made, nor whose mails these are")
        # Found by another way first, a person would get a second contact with an id that only one may have.
        if "salesloft_id" in self.match[1:]:
            raise ValueError("match: salesloft_id comes first or not at all")
        kinds = logged_kinds(self.log)
        if ActivityKind.CALL in kinds and "salesloft_id" not in self.match:
            raise ValueError("log with calls needs salesloft_id in match: calls have no address")
        self._raise_for_targets()
        return self

    def _raise_for_targets(self) -> None:
        """What the way to find people writes by itself must not be written by the mapping, too."""
        targets = [each if isinstance(each, str) else each.to for each in self.fields.values()]
        targets += filter(None, (self.bounced_field, self.deleted_field, self.owner_field))
        if self.match != ("email_address",) and "email" in targets:
            raise ValueError("email is written by itself with this match: leave it out of the fields")
        if "salesloft_id" in self.match and self.salesloft_id_field in targets:
            raise ValueError("salesloft_id_field is written by itself: leave it out of the fields")
