"""What reps and people did, as Tasks and Events of Salesforce beside the Contact or Lead (`WhoId`).

Mails, replies and calls become Tasks that are done (`TaskSubtype` Email or Call), meetings Events. Each bears its id in
a field of one's own on Activity, an external id with unique values. **Once**: Tasks are created, and Salesforce
refuses a second one with the same id (``DUPLICATE_VALUE``), which is what the attempt after a killed one comes to. They
are not upserted, because the subtype of an activity "isn't updateable" (`ActivitySubtype`, OpenActivity, Object
Reference), and because whatever a rep has written into a Task since then is theirs. A meeting changes, so its Event is
upserted by that id.

`ActivityDate` is a day, `StartDateTime` and `EndDateTime` are UTC; texts have at most 255 characters, `Description`
32,000 (Field Reference, Task and Event). Fields about calls are there only where the organisation has Call Center, so
of those that are not described, or that our user may not write, none is sent.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from salesloft_webhooks.errors import PermanentError
from salesloft_webhooks.handlers.builtin.configuration.crm import ActivityKind, MatchBy, logged_kinds
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.bisection import RecordVerdict
from salesloft_webhooks.handlers.builtin.crm.field_values import as_json
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity
from salesloft_webhooks.handlers.builtin.crm.merging import Record
from salesloft_webhooks.handlers.builtin.crm.plain_text import plain_text
from salesloft_webhooks.handlers.builtin.crm.salesforce_answers import Reader, Taken
from salesloft_webhooks.handlers.builtin.crm.salesforce_collections import Write, created, upserted, write
from salesloft_webhooks.handlers.builtin.crm.salesforce_fields import Described, may_be_sent, problems_of_activity
from salesloft_webhooks.handlers.builtin.crm.salesforce_findings import Finding, Sought
from salesloft_webhooks.handlers.builtin.crm.salesforce_matching import Matcher
from salesloft_webhooks.handlers.builtin.crm.salesforce_session import SalesforceSession
from salesloft_webhooks.handlers.builtin.crm.salesforce_soql import statements
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

TASK, EVENT = "Task", "Event"
TEXT_LENGTH = 255
DESCRIPTION_LENGTH = 32_000

_TITLES = {ActivityKind.EMAIL: "Email", ActivityKind.REPLY: "Reply", ActivityKind.CALL: "Call"}


class SalesforceActivities:
    """Logs activities.

    Args:
        configuration: The field of our own, the status of what is done, and which are logged.
        session: Where.
        reader: What answers mean.
        matcher: Who finds people.
    """

    def __init__(
        self, configuration: SalesforceCrm, session: SalesforceSession, reader: Reader, matcher: Matcher
    ) -> None:
        self._session, self._reader, self._matcher = session, reader, matcher
        self._id_field = configuration.activity_id_field
        self._status = configuration.completed_status
        kinds = set(logged_kinds(configuration.log))
        tasks, events = kinds - {ActivityKind.MEETING}, kinds & {ActivityKind.MEETING}
        self._sobjects = [sobject for sobject, logged in ((TASK, tasks), (EVENT, events)) if logged]

    async def field_problems(self) -> Sequence[str]:
        """What is wrong with the fields of Tasks and Events; nothing: they can be written.

        Raises:
            Retry, Unavailable: Salesforce does not say.
        """
        return [
            problem
            for sobject in self._sobjects
            for problem in problems_of_activity(
                await self._session.fields(sobject), self._id_field, self._status if sobject == TASK else None
            )
        ]

    def record(self, activity: LoggedActivity, owner: str | None) -> Record:
        """What is to be written, and about whom."""
        fields: dict[str, Any] = {
            "Subject": _subject(activity)[:TEXT_LENGTH],
            "Description": (_description(activity) or "")[:DESCRIPTION_LENGTH] or None,
            "OwnerId": owner,
        }
        if activity.kind is ActivityKind.MEETING:
            location = activity.details.get("location")
            fields |= {
                "StartDateTime": as_json(activity.happened_at),
                "EndDateTime": as_json(max(activity.ended_at or activity.happened_at, activity.happened_at)),
                "Location": str(location)[:TEXT_LENGTH] if location else None,
            }
        else:
            fields |= {"Status": self._status, "ActivityDate": activity.happened_at.astimezone(UTC).date().isoformat()}
            fields["TaskSubtype"] = "Call" if activity.kind is ActivityKind.CALL else "Email"
        if activity.kind is ActivityKind.CALL:
            fields |= {
                "CallType": "Outbound",
                "CallDurationInSeconds": int(activity.duration.total_seconds()) if activity.duration else None,
                "CallDisposition": activity.outcome[:TEXT_LENGTH] if activity.outcome else None,
            }
        ways: dict[MatchBy, str] = {"salesloft_id": str(activity.person_id)}
        if activity.email_address:
            ways["email_address"] = activity.email_address
        present = {name: value for name, value in fields.items() if value is not None}
        return Record(activity.activity_id, activity.version.timestamp(), present, ways)

    async def send(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        """Log them beside those of their people who are there; see `bisection.Send`."""
        people = dict[str, dict[MatchBy, str]]()
        for record in records:
            people.setdefault(record.ways["salesloft_id"], {}).update(record.ways)
        findings = await self._matcher.find([Sought(person_id, ways) for person_id, ways in people.items()])
        known = {sobject: await self._session.fields(sobject) for sobject in map(_sobject_of, records)}
        planned = [self._planned(record, findings[record.ways["salesloft_id"]], known) for record in records]
        if unknown := planned.count(None):
            _log.info("crm.unknown", count=unknown)
        verdicts = await write(self._session, self._reader, planned, once=self._id_field)
        doubtful = [record.key for record, each in zip(records, verdicts, strict=True) if isinstance(each, Taken)]
        there = await self._logged(doubtful)
        return [
            None if isinstance(each, Taken) and record.key in there else each
            for record, each in zip(records, verdicts, strict=True)
        ]

    async def _logged(self, activity_ids: Sequence[str]) -> set[str]:
        """Those of the Tasks that are there."""
        select = f"SELECT {self._id_field} FROM {TASK}"  # noqa: S608 - a name that the configuration checks
        answers = await self._session.rows([*statements(select, self._id_field, activity_ids)])
        return {str(row.get(self._id_field)) for rows in answers for row in rows}

    def _planned(self, record: Record, finding: Finding, known: Mapping[str, Described]) -> Write | RecordVerdict:
        """What logging it comes to. Of several records with the address none is theirs until somebody decides."""
        if (who := finding.record) is None:
            return PermanentError(f"salesforce: {finding.problem}") if finding.problem else None
        sobject = _sobject_of(record)
        values = {
            name: value
            for name, value in record.fields.items()
            if may_be_sent(known[sobject], name, created_only=sobject == TASK)
        }
        values |= {"WhoId": who.id, self._id_field: record.key}
        return upserted(EVENT, self._id_field, values) if sobject == EVENT else created(TASK, values)


def _sobject_of(record: Record) -> str:
    return EVENT if "StartDateTime" in record.fields else TASK


def _subject(activity: LoggedActivity) -> str:
    if activity.kind is ActivityKind.MEETING:
        canceled = "Canceled: " if (activity.outcome or "").lower() in {"canceled", "cancelled"} else ""
        return canceled + (activity.subject or "Meeting")
    title = _TITLES[activity.kind]
    more = activity.outcome if activity.kind is ActivityKind.CALL else activity.subject
    return f"{title}: {more}" if more else title


def _description(activity: LoggedActivity) -> str | None:
    """The text, below what SalesLoft says and Salesforce has no field for."""
    said = {
        "Outcome": activity.outcome,
        "Sentiment": activity.details.get("sentiment"),
        "To": activity.details.get("to"),
    }
    lines = [f"{name}: {value}" for name, value in said.items() if value]
    if activity.details.get("no_show") is True:
        lines.append("No show")
    text = plain_text(activity.text) if activity.text else ""
    return "\n\n".join(filter(None, ("\n".join(lines), text))) or None
