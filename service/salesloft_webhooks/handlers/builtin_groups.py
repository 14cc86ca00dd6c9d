"""The table of built-in groups: the one place that names them.

Everything else reads it: `loading` finds a group's module here, the groups take their events and ordering from it,
`up` starts from it, and `reference` writes the chart's and the documentation's copies, which tests compare.
"""

from msgspec import Struct

from salesloft_webhooks.settings import Ordering

_MODULES = "salesloft_webhooks.handlers.builtin"


class BuiltinGroup(Struct, frozen=True, kw_only=True):
    """A group whose handlers come with the package.

    Attributes:
        name: The consumer group; ``<prefix>-<...>`` names a family of groups, one for each entry of its configuration.
        module: Below ``handlers/builtin``; has ``build_router(group, settings) -> Router``. Imported on demand only.
        summary: What it does, for the documentation: half a sentence.
        event_types: The event patterns it takes where no configuration says otherwise.
        ordering: What its handlers need.
        writes_database: Whether it needs `DATABASE_URL`, and the tables of ``handlers/database/migrations``.
        configured_in: The sections and settings that configure it, if any.
        on_by_default: Whether `up` and the chart's default values start it.
    """

    name: str
    module: str
    summary: str
    event_types: tuple[str, ...]
    ordering: Ordering = Ordering.NONE
    writes_database: bool = False
    configured_in: str = ""
    on_by_default: bool = True

    @property
    def module_path(self) -> str:
        """What to import."""
        return f"{_MODULES}.{self.module}"

    @property
    def prefix(self) -> str:
        """What the names of a family begin with; empty for a single group."""
        return self.name.partition("<")[0] if "<" in self.name else ""

    def covers(self, name: str) -> bool:
        """Whether the consumer group ``name`` is this one, or one of this family."""
        return name.startswith(self.prefix) if self.prefix else name == self.name


ACTIVITY = BuiltinGroup(
    name="activity",
    module="activity",
    summary="one row per event into the table `activities`",
    event_types=(
        "email.sent",
        "email.opened",
        "email.clicked",
        "email.replied",
        "email.bounced",
        "call.completed",
        "cadence_membership.created",
        "cadence_membership.updated",
        "cadence_membership.completed",
        "cadence_membership.removed",
        "success.created",
        "meeting.booked",
        "meeting.updated",
    ),
    writes_database=True,
)

CRM = BuiltinGroup(
    name="crm",
    module="crm",
    summary="people into contacts, in SQL, HubSpot, Salesforce or an HTTP endpoint",
    event_types=("person.created", "person.updated", "person.deleted", "email.bounced"),
    ordering=Ordering.ENTITY,
    writes_database=True,
    configured_in="`crm` in `HANDLERS_FILE`",
)

NOTIFY = BuiltinGroup(
    name="notify",
    module="notify",
    summary="messages to the right rep, through Apprise",
    event_types=("email.replied",),
    configured_in="`notify` in `HANDLERS_FILE`, `NOTIFY_URLS`",
)

FORWARD = BuiltinGroup(
    name="forward-<endpoint>",
    module="forward",
    summary="chosen events, signed, to an HTTP endpoint",
    event_types=("*",),
    configured_in="`forward.<endpoint>` in `HANDLERS_FILE`, without which there is none",
    on_by_default=False,
)

TABLES = BuiltinGroup(
    name="tables",
    module="tables",
    summary="accounts, cadences, notes and tasks into tables `salesloft_...`, each row in its newest version",
    event_types=(
        "account.created",
        "account.updated",
        "account.deleted",
        "cadence.created",
        "cadence.updated",
        "cadence.deleted",
        "note.created",
        "note.updated",
        "note.deleted",
        "task.created",
        "task.updated",
        "task.completed",
        "task.deleted",
    ),
    writes_database=True,
    on_by_default=False,
)

EVENTS = BuiltinGroup(
    name="events",
    module="raw_events",
    summary="every event, whole, one row into the table `salesloft_events`",
    event_types=("*",),
    writes_database=True,
    on_by_default=False,
)

WAREHOUSE = BuiltinGroup(
    name="warehouse",
    module="warehouse",
    summary="every event as a row of Parquet files, in a folder, S3 or Google Cloud Storage",
    event_types=("*",),
    configured_in="`warehouse` in `HANDLERS_FILE`, without which there is none",
    on_by_default=False,
)

BUILTIN_GROUPS = (ACTIVITY, CRM, NOTIFY, FORWARD, TABLES, EVENTS, WAREHOUSE)
"""In the order in which they are listed and started."""


def builtin_group(name: str) -> BuiltinGroup | None:
    """The row of a consumer group; None: it is not built in."""
    return next((row for row in BUILTIN_GROUPS if row.covers(name)), None)


def builtin_names() -> str:
    """All names, for messages: ``activity, crm, ...``."""
    return ", ".join(row.name for row in BUILTIN_GROUPS)
