"""Activities as HubSpot's engagements, associated with their contact, once.

An engagement keeps the activity's id in a property with unique values. It is read by that before it is made, so a
worker that died between HubSpot's answer and the mark of the event finds what it has made; and HubSpot refuses a second
one. Only a meeting is changed later. What the properties mean:
developers.hubspot.com/docs/api-reference/latest/crm/activities (emails, calls, meetings); the types of associations:
the table of the guide to associations (call to contact 194, email to contact 198, meeting to contact 200).
"""

import html
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from salesloft_webhooks.handlers.builtin.configuration.crm import ActivityKind, HubSpotCrm, logged_kinds
from salesloft_webhooks.handlers.builtin.crm.bisection import RecordVerdict, Refused
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.builtin.crm.field_values import Value
from salesloft_webhooks.handlers.builtin.crm.hubspot_answers import raise_for, results_of, verdicts
from salesloft_webhooks.handlers.builtin.crm.hubspot_api import HubSpotApi, inputs
from salesloft_webhooks.handlers.builtin.crm.logged_activities import LoggedActivity
from salesloft_webhooks.handlers.builtin.crm.merging import Record

TEXT_LENGTH = 65_000
"""Characters of a body at most, below the 65,536 that HubSpot takes."""


class Engagement(NamedTuple):
    """A kind of HubSpot's objects, and the type of its association with a contact."""

    objects: str
    association: int


EMAILS, CALLS, MEETINGS = Engagement("emails", 198), Engagement("calls", 194), Engagement("meetings", 200)
ENGAGEMENTS = {
    ActivityKind.EMAIL: EMAILS,
    ActivityKind.REPLY: EMAILS,
    ActivityKind.CALL: CALLS,
    ActivityKind.MEETING: MEETINGS,
}
_OUTCOMES = {"scheduled": "SCHEDULED", "pending": "SCHEDULED", "completed": "COMPLETED", "rescheduled": "RESCHEDULED"}


def engagements_of(configuration: HubSpotCrm) -> tuple[Engagement, ...]:
    """The kinds of engagements that a configuration logs."""
    return tuple(dict.fromkeys(ENGAGEMENTS[kind] for kind in logged_kinds(configuration.log)))


def properties_of(activity: LoggedActivity) -> dict[str, Value | None]:
    """The engagement's properties, but for its id and its owner."""
    match activity.kind:
        case ActivityKind.EMAIL | ActivityKind.REPLY:
            more = _of_email(activity)
        case ActivityKind.CALL:
            more = _of_call(activity)
        case ActivityKind.MEETING:
            more = _of_meeting(activity)
    written = {name: value for name, value in more.items() if value is not None}
    return {"hs_timestamp": activity.happened_at, **written}


def _of_email(activity: LoggedActivity) -> dict[str, Value | None]:
    is_reply = activity.kind is ActivityKind.REPLY
    side = "from" if is_reply else "to"
    headers = {side: [{"email": activity.email_address}] if side == "to" else {"email": activity.email_address}}
    return {
        "hs_email_direction": "INCOMING_EMAIL" if is_reply else "EMAIL",
        "hs_email_status": "SENT",
        "hs_email_subject": _reply_to(activity.subject) if is_reply else activity.subject,
        "hs_email_html": activity.text[:TEXT_LENGTH] if activity.text else None,
        "hs_email_headers": msgspec.json.encode(headers).decode() if activity.email_address else None,
    }


def _reply_to(subject: str | None) -> str | None:
    return f"Re: {subject}" if subject and not subject.lower().startswith("re:") else subject


def _of_call(activity: LoggedActivity) -> dict[str, Value | None]:
    """Dispositions are the account's own ids in HubSpot, so SalesLoft's words stand in the text."""
    words = (activity.outcome, activity.details.get("sentiment"))
    duration = activity.duration
    return {
        "hs_call_title": "SalesLoft call",
        "hs_call_direction": "OUTBOUND",
        "hs_call_status": "COMPLETED",
        "hs_call_duration": None if duration is None else int(duration.total_seconds() * 1000),
        "hs_call_to_number": _text(activity.details.get("to")),
        "hs_call_body": html.escape(" · ".join(str(word) for word in words if word)) or None,
    }


def _of_meeting(activity: LoggedActivity) -> dict[str, Value | None]:
    status = (activity.outcome or "").lower()
    outcome = "CANCELED" if status.startswith("cancel") else _OUTCOMES.get(status)
    return {
        "hs_meeting_title": activity.subject or "SalesLoft meeting",
        "hs_meeting_body": activity.text[:TEXT_LENGTH] if activity.text else None,
        "hs_meeting_location": _text(activity.details.get("location")),
        "hs_meeting_start_time": activity.happened_at,
        "hs_meeting_end_time": activity.ended_at,
        "hs_meeting_outcome": "NO_SHOW" if activity.details.get("no_show") is True else outcome,
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


class EngagementWriter:
    """Writes engagements of one kind.

    Args:
        engagement: The kind.
        id_field: Its property that keeps the activity's id.
        api: HubSpot.
        mapping: Names that may be repeated in a message.
    """

    def __init__(self, engagement: Engagement, id_field: str, api: HubSpotApi, mapping: FieldMapping) -> None:
        self._engagement, self._id_field = engagement, id_field
        self._api, self._mapping = api, mapping

    async def write(self, records: Sequence[Record], contacts: Mapping[str, str]) -> Sequence[RecordVerdict]:
        """Make those that are not there, and bring meetings that are there to their version.

        Args:
            records: By the activity's id; each has a contact.
            contacts: HubSpot's id of the contact, by the activity's id.
        """
        there = await self._there(records)
        new = [record for record in records if record.key not in there]
        changed = [record for record in records if record.key in there] if self._engagement is MEETINGS else []
        found = dict(zip((record.key for record in new), await self._create(new, contacts), strict=True))
        found |= dict(zip((record.key for record in changed), await self._update(changed, there), strict=True))
        if any(isinstance(verdict, Refused) for verdict in found.values()):
            # Somebody else may have made them meanwhile: a worker that was thought to be dead.
            there = await self._there(new)
            found = {key: None if key in there and key in contacts else verdict for key, verdict in found.items()}
        return [found.get(record.key) for record in records]

    async def _there(self, records: Sequence[Record]) -> Mapping[str, str]:
        """HubSpot's ids of those that are there, by the activities' ids."""
        body = {
            "idProperty": self._id_field,
            "properties": [self._id_field],
            "propertiesWithHistory": [],
            "inputs": [{"id": record.key} for record in records],
        }
        response = await self._api.post(self._engagement.objects, "read", body)
        raise_for(response, self._mapping)
        found: dict[str, str] = {}
        for each in results_of(response):
            properties = each.get("properties")
            own = properties.get(self._id_field) if isinstance(properties, dict) else None
            if isinstance(own, str) and isinstance(each.get("id"), str):
                found[own] = each["id"]
        return found

    async def _create(self, records: Sequence[Record], contacts: Mapping[str, str]) -> Sequence[RecordVerdict]:
        if not records:
            return []
        kinds = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": self._engagement.association}]
        more = [{"associations": [{"to": {"id": contacts[record.key]}, "types": kinds}]} for record in records]
        made = [Record(record.key, record.version, {**record.fields, self._id_field: record.key}) for record in records]
        response = await self._api.post(self._engagement.objects, "create", inputs(made, more))
        raise_for(response, self._mapping)
        return verdicts(response, made, self._mapping, keyed_by=self._id_field)

    async def _update(self, records: Sequence[Record], ids: Mapping[str, str]) -> Sequence[RecordVerdict]:
        if not records:
            return []
        changes = [Record(ids[record.key], record.version, record.fields) for record in records]
        response = await self._api.post(
            self._engagement.objects, "update", inputs(changes, [{"id": change.key} for change in changes])
        )
        raise_for(response, self._mapping)
        return verdicts(response, changes, self._mapping, keyed_by=None)
