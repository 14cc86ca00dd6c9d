"""What the built-in groups do, beyond what fits into environment variables: the file in `HANDLERS_FILE`.

YAML with one section per group, every field typed and documented here (``docs/handlers.md`` shows whole examples). No
secret needs to stand in it: ``${NAME}`` in any text is replaced by the environment variable, ``${file:/path}`` by the
content of a mounted secret. Both are read once, at the start of the worker.
"""

from datetime import time
from types import MappingProxyType
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr

from salesloft_webhooks.configuration_files import load_file
from salesloft_webhooks.event_patterns import Pattern, Patterns
from salesloft_webhooks.handlers.builtin.configuration.crm import HttpCrm, HubSpotCrm, SqlCrm
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.configuration.sections import EmailAddress, HttpEndpoint, Section
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.settings import Settings

CrmConfiguration = Annotated[SqlCrm | HttpCrm | HubSpotCrm | SalesforceCrm, Field(discriminator="backend")]


class Template(Section):
    """A message.

    ``{person_id}``, ``{user_id}``, ``{email_address}``, ``{event_type}`` and top-level fields of the event's data are
    filled in; a field the event does not have is left empty.
    """

    title: str = "SalesLoft: {event_type}"
    body: str = "Person {person_id}: {event_type}"
    facts: dict[str, str] = Field(
        default={}, max_length=10, description="Name -> text; one without a value is left out."
    )
    links: dict[str, str] | None = Field(default=None, max_length=6, description="Default: the section's.")


def _known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ValueError("no such time zone") from None
    return zone


Zone = Annotated[str, AfterValidator(_known_zone)]


class QuietHours(Section):
    """A time of day in which nobody is told anything; what happens then is told at its end."""

    start: time
    end: time
    zone: Zone = "UTC"


class Digest(Section):
    """Times of day at which everything since the one before is told at once."""

    at: tuple[time, ...] = Field(min_length=1, max_length=48)
    zone: Zone = "UTC"


class Rep(Section):
    """Where and when one rep is told."""

    urls: tuple[SecretStr, ...] = Field(min_length=1)
    quiet_hours: QuietHours | None = Field(None, description="Default: the section's.")
    digest: Digest | None = Field(None, description="Default: the section's.")


class SlackApp(Section):
    """A Slack app that finds reps by their e-mail address and writes to them directly."""

    token: SecretStr = Field(
        description="A bot token, `xoxb-...`, with `chat:write`, `users:read`, `users:read.email`."
    )
    base_url: str = Field("https://slack.com/api", pattern=r"^https?://[^\s?#]+[^\s?#/]$")


PERSON_PAGE = "https://app.salesloft.com/app/people/{person_id}"
CARD_LINKS = MappingProxyType({"Person": PERSON_PAGE, "E-mails": f"{PERSON_PAGE}/emails"})
"""What cards link to where the file says nothing: a person's page as SalesLoft's own program shows it."""


class NotifyConfiguration(Section):
    """Who is told about what."""

    messages: dict[Pattern, Template] = Field(
        default={"email.replied": Template(title="New reply", body="Person {person_id} replied: {subject}")},
        min_length=1,
        description="Event pattern -> message. The first that matches is used.",
    )
    links: dict[str, str] | None = Field(
        default=None,
        max_length=6,
        description="Text of a link -> its address; one that lacks a value is left out. Default: on cards the person "
        "and their e-mails, elsewhere none.",
    )
    reps: dict[int | EmailAddress, Rep] = Field(
        default={}, description="SalesLoft user id, or the e-mail address of that user -> where they are told."
    )
    slack: SlackApp | None = Field(default=None, description="Writes directly to reps without a row in `reps`.")
    default_urls: tuple[SecretStr, ...] = Field(default=(), description="For everybody else; default: `NOTIFY_URLS`.")
    quiet_hours: QuietHours | None = None
    digest: Digest | None = None
    group_seconds: float = Field(
        default=0.0,
        ge=0,
        le=3600,
        description="What comes within this time of a message to the same rep waits for its end and goes into one.",
    )
    messages_per_minute: int = Field(default=6, ge=1, description="Per rep and minute; what is above waits its turn.")

    @property
    def knows_by_email(self) -> bool:
        """Whether SalesLoft has to be asked for the e-mail addresses of its users."""
        return self.slack is not None or any(isinstance(rep, str) for rep in self.reps)


class ForwardEndpoint(HttpEndpoint):
    """An HTTP endpoint that receives events. Its group is ``forward-<name>``."""

    events: Patterns = Field(("*",), min_length=1, description="Event patterns.")
    secrets: tuple[SecretStr, ...] = Field(min_length=1, description="`whsec_...`, the new one first; every one signs.")
    format: Literal["standard", "cloudevents"] = Field(
        "standard", description="`standard`: `{type, timestamp, data}`; `cloudevents`: CloudEvents 1.0 JSON."
    )
    timeout_seconds: float = Field(15.0, gt=0)
    concurrency: int = Field(10, ge=1, description="Requests at once, per worker process.")
    requests_per_second: float | None = Field(None, gt=0, description="Per worker process; default: no limit.")
    allow_private_addresses: bool = Field(
        default=False, description="Also send to private, loopback and link-local addresses."
    )


class HandlersConfiguration(Section):
    """The whole file."""

    crm: CrmConfiguration = SqlCrm()
    notify: NotifyConfiguration = NotifyConfiguration()
    forward: dict[Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$")], ForwardEndpoint] = Field(
        default={}
    )
    warehouse: WarehouseConfiguration | None = None


def load_configuration(settings: Settings) -> HandlersConfiguration:
    """Read the file named by the settings; without one, everything is at its default.

    Raises:
        ConfigurationError: naming the line, the field and what is wrong with it, never its value.
    """
    if settings.handlers_file is None:
        return HandlersConfiguration()
    return load_file("HANDLERS_FILE", settings.handlers_file, HandlersConfiguration, references=True)
