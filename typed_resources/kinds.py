"""Which schema of the description is which kind of resource, and what the description does not have.

`UNPUBLISHED` are fields of captured deliveries. Conversations are in no publication, so theirs are the fields that
every resource has.
"""

SCHEMAS = {
    "account": "Account",
    "bulk_job": "BulkJob",
    "cadence": "Cadence",
    "cadence_membership": "CadenceMembership",
    "call": "Call",
    "call_data_record": "CallDataRecord",
    "email": "Email",
    "email_with_body_and_subject": "Email",
    "meeting": "Meeting",
    "note": "Note",
    "person": "Person",
    "step": "Step",
    "success": "Success",
    "task": "Task",
    "user": "User",
}

SENTENCES = {
    "Account": "A company.",
    "BulkJob": "A job over many records.",
    "Cadence": "A sequence of steps that people go through.",
    "CadenceMembership": "A person's way through a cadence; `current_state` says where it stands.",
    "Call": "A call that a rep has logged; `called_person` is whom, `duration` in seconds.",
    "CallDataRecord": "What the telephone system knows of a call.",
    "Email": "An email to one person (`recipient`); subject and body only with a scope that may read them.",
    "Meeting": "A meeting with a person.",
    "Note": "A note about a person or an account (`associated_type`).",
    "Person": "A person.",
    "Step": "A step of a cadence.",
    "Success": "A success with a person.",
    "Task": "A task of a rep's about a person; `due_date` is a day, as text.",
    "User": "A rep.",
}

PARTS = {
    "EmbeddedAccountCounts": "AccountCounts",
    "EmbeddedAttendeeResource": "Attendee",
    "EmbeddedRecordingResource": "Recording",
    "EmbeddedResource": "Reference",
    "EventMeetingSetting": "MeetingSettings",
}
"""What is within a resource, by the schema's name, where ours is another."""

TEXT, YES_OR_NO, REFERENCE = {"type": "string"}, {"type": "boolean"}, {"$ref": "#/components/schemas/EmbeddedResource"}

UNPUBLISHED = {
    "Call": {"connected": YES_OR_NO, "positive": YES_OR_NO, "task": REFERENCE},
    "CadenceMembership": {"step": REFERENCE},
    "Email": {"body": TEXT, "message_id": TEXT},
    "Person": {
        "account_crm_id": TEXT,
        "external_source": TEXT,
        "hot_lead": YES_OR_NO,
        "job_function": TEXT,
    },
}

LEFT_OUT = {"_private_fields"}
"""`for internal use only`: still among what came beside the fields."""
