"""Invented SalesLoft resources, with the fields the documentation shows. No person here exists.

Mail addresses use the domains and phone numbers the range that are reserved for examples.
"""

from datetime import datetime
from random import Random
from typing import Any

Resource = dict[str, Any]

API = "https://api.salesloft.com/v2"
_FIRST_NAMES = [
    "Robin",
    "Alex",
    "Sam",
    "Noa",
    "Kim",
    "Yuki",
    "Zoë",
    "Ines",
    "Björn",
    "Aïcha",
    "Mateo",
    "Priya",
    "Li",
    "Oluwaseun",
    "Agnieszka",
    "Søren",
    "Chloé",
    "Ravi",
]
_LAST_NAMES = [
    "Sample",
    "Example",
    "Müller",
    "García",
    "Okafor",
    "Nguyen",
    "Łukasik",
    "Ødegård",
    "Silva",
    "Tanaka",
    "O'Brien",
    "Ivanova",
    "Haddad",
    "Smith",
]
_COMPANIES = ["Example Corp", "Invented GmbH", "Sample & Sons", "Acme Ltd", "Nowhere SA", "Placeholder Inc"]
_TITLES = ["Account Executive", "Head of Sales", "Sales Development Representative", "VP Revenue", "CTO", "Buyer"]
_DOMAINS = ["example.com", "example.org", "example.net"]
_SUBJECTS = ["Quick question", "Grüße aus Berlin, Q4", "Following up", "Next steps?", "Your trial", "Re: pricing 💬"]
_DISPOSITIONS = ["Connected", "No Answer", "Left Voicemail", "Gatekeeper", "Busy"]
_SENTIMENTS = ["Demo Scheduled", "Not Interested", "Call Back Later", "Positive", None]


def timestamp(moment: datetime) -> str:
    """A time as SalesLoft writes it: ISO 8601 with microseconds and an offset."""
    return moment.isoformat(timespec="microseconds")


def reference(kind: str, identity: int | None) -> Resource | None:
    """A reference to another resource; ``kind`` is its path in the API."""
    return None if identity is None else {"_href": f"{API}/{kind}/{identity}", "id": identity}


def person(random: Random, identity: int, user: int, now: datetime) -> Resource:
    """Somebody our reps would like to sell to."""
    first, last, company = random.choice(_FIRST_NAMES), random.choice(_LAST_NAMES), random.choice(_COMPANIES)
    address = f"person-{identity}@{random.choice(_DOMAINS)}"
    return {
        "id": identity,
        "created_at": timestamp(now),
        "updated_at": timestamp(now),
        "last_contacted_at": None,
        "first_name": first,
        "last_name": last,
        "display_name": f"{first} {last}",
        "email_address": address,
        "full_email_address": f'"{first} {last}" <{address}>',
        "secondary_email_address": None,
        "phone": f"+1 202 555 01{random.randrange(100):02d}",
        "title": random.choice(_TITLES),
        "city": "Atlanta",
        "state": "Georgia",
        "country": "United States",
        "person_company_name": company,
        "person_company_website": "https://example.com",
        "do_not_contact": False,
        "bouncing": False,
        "locale": "US/Eastern",
        "custom_fields": {"score": random.randrange(100), "notes": None},
        "tags": random.sample(["trial", "inbound", "event", "priority"], k=random.randrange(3)),
        "contact_restrictions": [],
        "counts": {"emails_sent": 0, "emails_viewed": 0, "emails_clicked": 0, "emails_replied_to": 0, "calls": 0},
        "account": reference("accounts", 48_000_000 + _COMPANIES.index(company)),
        "owner": reference("users", user),
        "person_stage": reference("person_stages", random.randrange(1, 20)),
        "import": None,
    }


def email(random: Random, identity: int, recipient: Resource, now: datetime) -> Resource:
    """An email just sent to ``recipient``."""
    return {
        "id": identity,
        "created_at": timestamp(now),
        "updated_at": timestamp(now),
        "recipient_email_address": recipient["email_address"],
        "status": "sent",
        "bounced": False,
        "send_after": None,
        "sent_at": timestamp(now),
        "view_tracking": True,
        "click_tracking": True,
        "personalization": f"{random.uniform(0, 40):.1f}",
        "subject": random.choice(_SUBJECTS),
        "body": None,
        "error_message": None,
        "counts": {"clicks": 0, "views": 0, "replies": 0, "unique_devices": 0, "unique_locations": 0, "attachments": 0},
        "user": recipient["owner"],
        "recipient": reference("people", recipient["id"]),
        "action": reference("actions", 99_000_000 + random.randrange(1_000_000)),
        "cadence": reference("cadences", random.randrange(500, 520)),
        "step": reference("steps", random.randrange(2100, 2200)),
        "task": None,
        "mailing": {"id": identity},
    }


def call(random: Random, identity: int, called: Resource, now: datetime) -> Resource:
    """A call just logged."""
    connected = random.random() < 0.5
    return {
        "id": identity,
        "created_at": timestamp(now),
        "updated_at": timestamp(now),
        "to": called["phone"],
        "duration": random.randrange(20, 1800) if connected else 0,
        "sentiment": random.choice(_SENTIMENTS) if connected else None,
        "disposition": "Connected" if connected else random.choice(_DISPOSITIONS[1:]),
        "connected": connected,
        "recordings": [],
        "user": called["owner"],
        "called_person": reference("people", called["id"]),
        "note": None,
        "crm_activity": None,
        "task": None,
    }


def cadence_membership(random: Random, identity: int, member: Resource, now: datetime) -> Resource:
    """Somebody just added to a cadence."""
    return {
        "id": identity,
        "added_at": timestamp(now),
        "created_at": timestamp(now),
        "updated_at": timestamp(now),
        "person_deleted": False,
        "currently_on_cadence": True,
        "current_state": "active",
        "cadence": reference("cadences", random.randrange(500, 520)),
        "person": reference("people", member["id"]),
        "user": member["owner"],
        "latest_action": None,
        "step": reference("steps", 2100),
        "counts": {"views": 0, "clicks": 0, "replies": 0, "calls": 0, "sent_emails": 0, "bounces": 0},
    }


def link_swap(random: Random, identity: int, recipient: Resource, now: datetime) -> Resource:
    """A mail about to be sent to ``recipient``, whose links SalesLoft asks for."""
    pages = random.sample(["pricing", "trial?plan=team", "docs#start", "meeting/30min", "f%C3%BChrung"], k=3)
    return {
        "user": recipient["owner"],
        "team": reference("team", 1_234),
        "mailing": {"id": identity, "created_at": timestamp(now)},
        "email": {"id": identity, "subject": random.choice(_SUBJECTS)},
        "person": {"id": recipient["id"], "email_address": recipient["email_address"]},
        "links": [f"https://www.example.com/{page}" for page in pages],
    }


def small(random: Random, kind: str, identity: int, about: Resource, now: datetime) -> Resource:
    """A task, note, meeting or success: what they have in common, and where each says whom it concerns."""
    person = reference("people", about["id"])
    concerns: dict[str, Resource] = {
        "note": {"associated_type": "person", "associated_with": person},
        "meeting": {"person": person, "recipient_email": about["email_address"], "booked_by_user": about["owner"]},
    }
    return {
        "id": identity,
        "created_at": timestamp(now),
        "updated_at": timestamp(now),
        "subject": random.choice(_SUBJECTS),
        **concerns.get(kind, {"person": person}),
        "user": about["owner"],
    }
