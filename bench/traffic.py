"""Signed deliveries, each distinct, made before the clock starts."""

import json
from functools import cache
from pathlib import Path

from tests.support.http_client import request
from tests.support.receiver_process import PATH, delivery, native_headers

SAMPLE = Path(__file__).with_name("email.json")
ENVELOPE_BODY_BYTES = 450
"""Of the stored body: the event's data, as a relay sends it."""
NATIVE_BODY_BYTES = 1150
PEOPLE, FIRST_PERSON = 1_000, 100_000
"""How many people events are about, and the id of the first of them."""


@cache
def sample() -> dict[str, object]:
    """An email resource as SalesLoft's documentation shows it."""
    loaded: dict[str, object] = json.loads(SAMPLE.read_text("utf-8"))
    return loaded


def event_id(run: int, number: int) -> str:
    """An id as long as a UUID."""
    return f"5d1c5e0e-{run:04x}-4c7e-8000-{number:012x}"


def person(person_id: int, length: int = ENVELOPE_BODY_BYTES) -> dict[str, object]:
    """A person's resource whose JSON has exactly this length."""
    data: dict[str, object] = {
        "id": person_id,
        "person_id": person_id,
        "first_name": "Robin",
        "last_name": "Sample",
        "email_address": f"robin.{person_id}@example.com",
        "phone": "+1 555 0100",
        "title": "Director of Invented Things",
        "created_at": "2026-03-06T16:01:58.000412-05:00",
        "updated_at": "2026-03-06T18:40:21.773801-05:00",
        "account": {"id": 4200, "_href": "https://api.salesloft.com/v2/accounts/4200"},
        "tags": ["sample"],
        "about": "",
    }
    words = "Likes long walks, short emails and numbers that were measured. " * 8
    data["about"] = words[: length - len(compact(data))]
    return data


def compact(value: object) -> bytes:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def envelope_body(run: int, number: int) -> bytes:
    """An envelope about one of `PEOPLE` people; its data has `ENVELOPE_BODY_BYTES`."""
    head = {"event_type": "person.updated", "event_id": event_id(run, number), "created_at": "2026-03-07T04:26:14Z"}
    return compact(head | {"data": person(FIRST_PERSON + number % PEOPLE)})


def envelope_deliveries(count: int, run: int) -> list[bytes]:
    """Whole requests in the envelope dialect."""
    return [delivery(envelope_body(run, number)) for number in range(count)]


def native_deliveries(count: int, run: int) -> list[bytes]:
    """Whole requests as SalesLoft sends them: emails that were sent and viewed once, so that two events are derived."""
    base = 100_000_000 + run * 1_000_000
    bodies = (compact(sample() | {"id": base + number}) for number in range(count))
    return [request("POST", PATH, native_headers(body, "email_updated"), body) for body in bodies]


KINDS = {"envelope": envelope_deliveries, "native": native_deliveries}
