"""Many dead letters, written as the scripts write them, faster than events could die."""

from typing import Any

DEAD, STREAM = "sl:{0}:g:crm:dead", "sl:{0}:events"
PIPELINE = 2_000


def add_dead_letter(redis: Any, count: int, *, body: bytes = b'{"id":1}', records: bool = True) -> None:
    """Write letters of events ``d0``, ``d1``, ...; without ``records`` as if those had expired."""
    for start in range(0, count, PIPELINE):
        with redis.pipeline(transaction=False) as pipe:
            for number in range(start, min(start + PIPELINE, count)):
                letter = f"{number + 1}-0"
                pipe.xadd(DEAD, _fields(f"d{number}", body), id=letter)
                if records:
                    record = {"entry": "1-1", "crm": "dead", "letter:crm": letter}
                    pipe.hset(f"sl:{{0}}:event:d{number}", mapping=record)
            pipe.execute()


def _fields(event_id: str, body: bytes) -> dict[str, str | bytes]:
    return {
        "id": event_id,
        "type": "person.updated",
        "key": f"person:{event_id}",
        "src": "default",
        "at": "1772800000000",
        "made": "2026-03-07T04:26:14+00:00",
        "tp": "",
        "only": "",
        "body": body,
        "entry": "1-1",
        "reason": "exhausted",
        "error": "ValueError: no",
        "attempts": "8",
        "died": "1772800000000",
        "consumer": "one",
    }
