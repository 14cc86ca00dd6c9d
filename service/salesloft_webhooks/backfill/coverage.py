"""What can be caught up on: which lists there are, which events their rows stand for, and what no list shows."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from salesloft_webhooks.errors import ConfigurationError


class Resource(Struct, frozen=True):
    """A list whose rows are read.

    Attributes:
        name: Of the list, as `salesloft.LISTS` has it.
        created: SalesLoft's name of the event for a new row; empty: there is none.
        updated: SalesLoft's names of the events for a changed row.
        unseen: What its rows do not tell.
    """

    name: str
    created: str
    updated: tuple[str, ...]
    unseen: str

    @property
    def event_names(self) -> tuple[str, ...]:
        """All of them."""
        return (self.created, *self.updated) if self.created else self.updated


_DELETES = "deletions; versions in between"
_RESOURCES = (
    Resource("people", "person_created", ("person_updated",), _DELETES),
    Resource(
        "emails",
        "",
        ("email_updated", "email_with_body_and_subject_updated"),
        "how many opens, clicks and replies there were in between: one event, with the highest count",
    ),
    Resource("calls", "call_created", ("call_updated",), "versions in between"),
    Resource(
        "cadence_memberships",
        "cadence_membership_created",
        ("cadence_membership_updated",),
        "states that were passed through in between",
    ),
    Resource("accounts", "account_created", ("account_updated",), _DELETES),
    Resource("cadences", "cadence_created", ("cadence_updated",), _DELETES),
    Resource("notes", "note_created", ("note_updated",), _DELETES),
    Resource("call_data_records", "call_data_record_created", ("call_data_record_updated",), "versions in between"),
    Resource("successes", "success_created", (), "nothing"),
    Resource("meetings", "meeting_booked", ("meeting_updated",), "versions in between"),
    Resource("steps", "step_created", ("step_updated",), _DELETES),
)
RESOURCES: Mapping[str, Resource] = MappingProxyType({each.name: each for each in _RESOURCES})
"""Every list that is read, by name."""

NOT_COVERED: Mapping[str, str] = MappingProxyType(
    {
        "tasks": "the list can only be sorted by the day a task is due: read all of it where you need it",
        "users": "the list can be neither filtered nor sorted by change: read all of it, it is short",
        "conversations": "the description of the API that we hold ours against has no list of them",
        "bulk_jobs": "there is no list of them",
        "link_swap": "it is a question, and SalesLoft does not wait for a late answer",
        "deletions": "what is deleted is in no list: compare ids with your copy where that matters",
    }
)
"""What an outage takes for good, and what can be done about it."""


def chosen(names: tuple[str, ...]) -> tuple[Resource, ...]:
    """The resources of these names; all of them where none is named.

    Raises:
        ConfigurationError: there is no such resource, or it cannot be read.
    """
    for name in names:
        if name in NOT_COVERED:
            raise ConfigurationError(f"{name} cannot be backfilled: {NOT_COVERED[name]}")
        if name not in RESOURCES:
            raise ConfigurationError(f"there is no resource {name!r}; there are {', '.join(RESOURCES)}")
    return tuple(each for each in RESOURCES.values() if not names or each.name in names)
