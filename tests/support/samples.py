"""Events as handlers get them, made from documented resources with invented values."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from salesloft_webhooks import Event

PERSON_ID = 164510523
USER_ID = 51550


def event(event_type: str, data: dict[str, Any], **fields: Any) -> Event:
    """A stored event; whatever is not given is plausible and new."""
    defaults: dict[str, Any] = {
        "event_id": f"{event_type}/{uuid4().hex}",
        "created_at": "2026-03-07T04:26:14.444910-05:00",
        "source": "default",
        "received_at": datetime(2026, 3, 7, 9, 26, 15, tzinfo=UTC),
        "group": "test",
    }
    return Event(event_type=event_type, raw_data=json.dumps(data).encode(), **{**defaults, **fields})


def email(event_type: str = "email.opened", *, data: dict[str, Any] | None = None, **fields: Any) -> Event:
    """An event of a native email resource."""
    resource = {
        "id": 812345678,
        "updated_at": "2026-03-06T18:40:21.773801-05:00",
        "recipient_email_address": "robin.sample@example.com",
        "status": "sent",
        "subject": "Hello",
        "body": "Dear Robin",
        "counts": {"clicks": 0, "views": 1, "replies": 0},
        "user": {"_href": "https://api.salesloft.com/v2/users/51550", "id": USER_ID},
        "recipient": {"_href": "https://api.salesloft.com/v2/people/164510523", "id": PERSON_ID},
        "cadence": {"_href": "https://api.salesloft.com/v2/cadences/500", "id": 500},
        "person_id": PERSON_ID,
    }
    return event(event_type, {**resource, **(data or {})}, **fields)


def person(event_type: str = "person.updated", *, data: dict[str, Any] | None = None, **fields: Any) -> Event:
    """An event of a native person resource."""
    resource = {
        "id": PERSON_ID,
        "updated_at": "2026-03-07T04:26:14.444910-05:00",
        "first_name": "Robin",
        "last_name": "Sample",
        "email_address": "robin.sample@example.com",
        "phone": "+1 444 555 6666",
        "title": "Sales Development Representative",
        "person_company_name": "Example Corp",
        "crm_id": "003i000001mnhpD",
        "owner": {"_href": "https://api.salesloft.com/v2/users/51550", "id": USER_ID},
        "person_id": PERSON_ID,
    }
    return event(event_type, {**resource, **(data or {})}, **fields)
