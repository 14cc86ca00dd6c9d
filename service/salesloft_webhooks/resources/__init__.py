"""SalesLoft's resources as types. Generated from SalesLoft's description of its API: `make docs`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from salesloft_webhooks.resource_kinds import kind_of
from salesloft_webhooks.resources.account import Account
from salesloft_webhooks.resources.bulk_job import BulkJob
from salesloft_webhooks.resources.cadence import Cadence
from salesloft_webhooks.resources.cadence_membership import CadenceMembership
from salesloft_webhooks.resources.cadence_step import Step
from salesloft_webhooks.resources.call import Call
from salesloft_webhooks.resources.call_data_record import CallDataRecord
from salesloft_webhooks.resources.email import Email
from salesloft_webhooks.resources.event_types import (
    AccountCreated,
    AccountDeleted,
    AccountUpdated,
    BulkJobCompleted,
    CadenceCreated,
    CadenceDeleted,
    CadenceMembershipCompleted,
    CadenceMembershipCreated,
    CadenceMembershipRemoved,
    CadenceMembershipUpdated,
    CadenceUpdated,
    CallCompleted,
    CallCreated,
    CallDataRecordCreated,
    CallDataRecordUpdated,
    CallUpdated,
    ConversationCreated,
    ConversationRecordingCreated,
    ConversationTranscriptCreated,
    EmailBounced,
    EmailClicked,
    EmailOpened,
    EmailReplied,
    EmailSent,
    EmailUpdated,
    EmailWithBodyAndSubjectUpdated,
    MeetingBooked,
    MeetingUpdated,
    NoteCreated,
    NoteDeleted,
    NoteUpdated,
    PersonCreated,
    PersonDeleted,
    PersonUpdated,
    StepCreated,
    StepDeleted,
    StepUpdated,
    SuccessCreated,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskUpdated,
    UserCreated,
    UserUpdated,
)
from salesloft_webhooks.resources.meeting import Meeting
from salesloft_webhooks.resources.note import Note
from salesloft_webhooks.resources.person import Person
from salesloft_webhooks.resources.reading import Reference, Resource, Time, read
from salesloft_webhooks.resources.success import Success
from salesloft_webhooks.resources.task import Task
from salesloft_webhooks.resources.user import User

__all__ = [
    "Account",
    "AccountCreated",
    "AccountDeleted",
    "AccountUpdated",
    "BulkJob",
    "BulkJobCompleted",
    "Cadence",
    "CadenceCreated",
    "CadenceDeleted",
    "CadenceMembership",
    "CadenceMembershipCompleted",
    "CadenceMembershipCreated",
    "CadenceMembershipRemoved",
    "CadenceMembershipUpdated",
    "CadenceUpdated",
    "Call",
    "CallCompleted",
    "CallCreated",
    "CallDataRecord",
    "CallDataRecordCreated",
    "CallDataRecordUpdated",
    "CallUpdated",
    "ConversationCreated",
    "ConversationRecordingCreated",
    "ConversationTranscriptCreated",
    "Email",
    "EmailBounced",
    "EmailClicked",
    "EmailOpened",
    "EmailReplied",
    "EmailSent",
    "EmailUpdated",
    "EmailWithBodyAndSubjectUpdated",
    "Meeting",
    "MeetingBooked",
    "MeetingUpdated",
    "Note",
    "NoteCreated",
    "NoteDeleted",
    "NoteUpdated",
    "Person",
    "PersonCreated",
    "PersonDeleted",
    "PersonUpdated",
    "Reference",
    "Resource",
    "Step",
    "StepCreated",
    "StepDeleted",
    "StepUpdated",
    "Success",
    "SuccessCreated",
    "Task",
    "TaskCompleted",
    "TaskCreated",
    "TaskDeleted",
    "TaskUpdated",
    "Time",
    "User",
    "UserCreated",
    "UserUpdated",
]

BY_KIND: Mapping[str, type[Resource]] = MappingProxyType(
    {
        "account": Account,
        "bulk_job": BulkJob,
        "cadence": Cadence,
        "cadence_membership": CadenceMembership,
        "call": Call,
        "call_data_record": CallDataRecord,
        "email": Email,
        "email_with_body_and_subject": Email,
        "meeting": Meeting,
        "note": Note,
        "person": Person,
        "step": Step,
        "success": Success,
        "task": Task,
        "user": User,
    }
)


def resource_of(event_type: str, json: bytes) -> Any:
    """The resource of an event as its kind's type; a `Resource` where none is published."""
    return read(BY_KIND.get(kind_of(event_type), Resource), json)
