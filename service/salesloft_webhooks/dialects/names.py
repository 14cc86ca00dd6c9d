"""SalesLoft's own event names and the dotted names this project uses.

A table, not a rule: ``cadence_membership_updated`` is ``cadence_membership.updated``, and no way of splitting at
underscores gets all of them right for a stated reason. Only names SalesLoft may add one day are split by rule.
"""

import re
from types import MappingProxyType

from salesloft_webhooks.errors import UnreadableDelivery, UnreadableReason

DOTTED = MappingProxyType(
    {
        "account_created": "account.created",
        "account_deleted": "account.deleted",
        "account_updated": "account.updated",
        "bulk_job_completed": "bulk_job.completed",
        "cadence_created": "cadence.created",
        "cadence_deleted": "cadence.deleted",
        "cadence_membership_created": "cadence_membership.created",
        "cadence_membership_updated": "cadence_membership.updated",
        "cadence_updated": "cadence.updated",
        "call_created": "call.created",
        "call_data_record_created": "call_data_record.created",
        "call_data_record_updated": "call_data_record.updated",
        "call_updated": "call.updated",
        "conversation_created": "conversation.created",
        "conversation_recording_created": "conversation_recording.created",
        "conversation_transcript_created": "conversation_transcript.created",
        "email_updated": "email.updated",
        "email_with_body_and_subject_updated": "email_with_body_and_subject.updated",
        "link_swap": "link.swap",
        "meeting_booked": "meeting.booked",
        "meeting_updated": "meeting.updated",
        "note_created": "note.created",
        "note_deleted": "note.deleted",
        "note_updated": "note.updated",
        "person_created": "person.created",
        "person_deleted": "person.deleted",
        "person_updated": "person.updated",
        "step_created": "step.created",
        "step_deleted": "step.deleted",
        "step_updated": "step.updated",
        "success_created": "success.created",
        "task_completed": "task.completed",
        "task_created": "task.created",
        "task_deleted": "task.deleted",
        "task_updated": "task.updated",
        "user_created": "user.created",
        "user_updated": "user.updated",
    }
)
"""All 37 native names, as SalesLoft's documentation lists them."""

DERIVED = frozenset(
    {
        "call.completed",
        "cadence_membership.completed",
        "cadence_membership.removed",
        "email.bounced",
        "email.clicked",
        "email.opened",
        "email.replied",
        "email.sent",
    }
)
"""What SalesLoft does not send but handlers want; see `derived`."""

SYNCHRONOUS = frozenset({"link_swap", "link.swap"})
"""What a sender waits for the computed answer of."""

NATIVE = MappingProxyType({dotted: native for native, dotted in DOTTED.items()})
"""SalesLoft's own names of the dotted types it sends."""
KNOWN_EVENT_TYPES = (frozenset(DOTTED.values()) | DERIVED) - SYNCHRONOUS
"""Every event type that is expected in a stream. A closed set, fit for metric labels."""

OWN_EVENT_TYPES = frozenset({"link_swap.answered"})
"""What neither SalesLoft nor a relay sends: it tells of what we did ourselves."""

_SEPARATORS = re.compile(r"[._:-]")
_BY_SPELLING = MappingProxyType({_SEPARATORS.sub("_", known): known for known in KNOWN_EVENT_TYPES})
_NATIVE_NAME = re.compile(r"[a-z0-9_]{1,64}")
_EVENT_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")


def dotted(native_name: str) -> str:
    """The dotted event type of a native event name.

    A name that is not in the table is accepted, since it came signed: its last underscore becomes the dot.

    Raises:
        UnreadableDelivery: INVALID_EVENT_TYPE or UNSUPPORTED_EVENT (``link_swap``).
    """
    refuse_synchronous(native_name)
    if known := DOTTED.get(native_name):
        return known
    if not _NATIVE_NAME.fullmatch(native_name):
        raise UnreadableDelivery(
            UnreadableReason.INVALID_EVENT_TYPE, "the event name must be 1 to 64 characters of a-z, 0-9 and _"
        )
    resource, _, verb = native_name.rpartition("_")
    return f"{resource}.{verb}" if resource and verb else native_name


def canonical(event_type: str) -> str:
    """The name under which an envelope's event is stored: the one handlers name.

    Patterns of handlers are in lower case, so names are too. A known one is recognised whatever separates its words
    (``person_updated``, ``Person.Updated``, ``person:updated``); what nobody knows keeps its separators.

    Raises:
        UnreadableDelivery: INVALID_EVENT_TYPE or UNSUPPORTED_EVENT (``link_swap``).
    """
    if event_type in KNOWN_EVENT_TYPES:
        return event_type
    lower = event_type.lower() if event_type.isascii() else event_type
    spelt = _SEPARATORS.sub("_", lower)
    refuse_synchronous(spelt)
    if not _EVENT_TYPE.fullmatch(event_type):
        raise UnreadableDelivery(
            UnreadableReason.INVALID_EVENT_TYPE,
            "event_type must be 1 to 128 characters of A-Z, a-z, 0-9, _, ., : and -, and begin with a letter or digit",
        )
    return _BY_SPELLING.get(spelt, lower)


def refuse_synchronous(name: str) -> None:
    """Refuse an event whose sender waits for a computed answer.

    Raises:
        UnreadableDelivery: UNSUPPORTED_EVENT.
    """
    if name in SYNCHRONOUS:
        raise UnreadableDelivery(
            UnreadableReason.UNSUPPORTED_EVENT,
            "link_swap is not supported: SalesLoft waits for the swapped links, which a queue cannot answer",
        )
