"""What is looked for in Salesforce, and what is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from salesloft_webhooks.handlers.builtin.configuration.crm import MatchBy


@dataclass(frozen=True, slots=True)
class Sought:
    """By what a person can be found.

    Attributes:
        person_id: SalesLoft's id.
        ways: What SalesLoft knows them by otherwise; see `MatchBy`.
    """

    person_id: str
    ways: Mapping[MatchBy, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SalesforceRecord:
    """A Contact or a Lead.

    Attributes:
        sobject: Which of both.
        id: Salesforce's, in 18 characters.
        person_id: SalesLoft's id, if it bears one.
        created: When it was made, as Salesforce writes it.
        leads_to: The id of the record that it was merged or converted into.
        gone: It is in the recycle bin, or converted.
        converted: It is a Lead that was converted, in the recycle bin or not.
        email_address: In lower case.
        is_account: It is a Person Account, whose Contact cannot be written.
    """

    sobject: str
    id: str
    person_id: str | None
    created: str
    leads_to: str | None
    gone: bool
    email_address: str | None
    converted: bool = False
    is_account: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What looking for a person came to.

    Attributes:
        record: What was found; None: nothing.
        problem: Why it must not be written to; empty: it may.
        converted: A Lead of theirs (not only deleted, not another's) was converted, and no Contact is known.
    """

    record: SalesforceRecord | None = None
    problem: str = ""
    converted: bool = False
