"""Where sealing and opening meets entries: what of an event is sealed, and what it is bound to.

Sealed is the body as it is stored, compressed or not (`body_compression`), bound to the id of the event that carries
it. What another event of the same delivery adds to that body (`shared_bodies`) stands in its head: there it is sealed
together with the id of that first event, and bound to its own. So whoever has a head and a body has all it takes to
open them, wherever they were copied to, and neither opens beside another.
"""

from collections.abc import Mapping

from salesloft_webhooks.broker.body_encryption import MARK, SETTING, BodyKeys, key_of
from salesloft_webhooks.broker.packed_time import shown
from salesloft_webhooks.broker.shared_bodies import parts_of
from salesloft_webhooks.errors import BodyUnreadable

ID_LENGTH_BYTES = 2
UNREADABLE = b"unreadable"
"""The field that entries get, in this process only, whose data cannot be opened: why."""


def seal_body(keys: BodyKeys, body: bytes, event_id: str) -> bytes:
    """A body, for the event that carries it."""
    return keys.seal(body, _about("body", event_id))


def seal_rest(keys: BodyKeys, rest: bytes, event_id: str, carried_by: str) -> bytes:
    """What an event adds to the body that another one carries."""
    carrier = carried_by.encode()
    return keys.seal(len(carrier).to_bytes(ID_LENGTH_BYTES, "big") + carrier + rest, _about("rest", event_id))


def seal_quarantined(keys: BodyKeys, body: bytes, source: str) -> bytes:
    """A delivery that could not be read."""
    return keys.seal(body, _about("quarantine", source))


def opened(keys: BodyKeys | None, body: bytes, of: bytes, event_id: str) -> tuple[bytes, bytes]:
    """Body and ``of`` of an entry as they would stand there unsealed.

    Raises:
        BodyUnreadable: one of them cannot be opened, or ``of`` is damaged.
    """
    carrier = event_id
    place, kept, rest = parts_of(of) if of else (b"", b"", b"")
    if rest[: len(MARK)] == MARK:
        said = _open(keys, rest, _about("rest", event_id))
        end = ID_LENGTH_BYTES + int.from_bytes(said[:ID_LENGTH_BYTES], "big")
        carrier, of = said[ID_LENGTH_BYTES:end].decode(), b"%s %s %s" % (place, kept, said[end:])
    if body[: len(MARK)] == MARK:
        body = _open(keys, body, _about("body", carrier))
    return body, of


def opened_fields(keys: BodyKeys | None, fields: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """The fields of an entry, a copy or a dead letter as they would be unsealed; with `UNREADABLE` where that fails."""
    body, of = fields.get(b"body", b""), fields.get(b"of", b"")
    if b"id" not in fields or (MARK not in body[: len(MARK)] and MARK not in of):
        return fields
    try:
        body, of = opened(keys, body, of, shown(fields.get(b"id", b"")))
    except BodyUnreadable as exc:
        return {**fields, b"body": b"", b"of": b"", UNREADABLE: str(exc).encode()}
    return {**fields, b"body": body, b"of": of}


def opened_quarantined(keys: BodyKeys | None, fields: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """The fields of a delivery in quarantine likewise. A plain body is as it came: it may begin with the mark."""
    body = fields.get(b"body", b"")
    if body[: len(MARK)] != MARK:
        return fields
    try:
        return {**fields, b"body": _open(keys, body, _about("quarantine", shown(fields.get(b"src", b""))))}
    except BodyUnreadable as exc:
        return {**fields, UNREADABLE: str(exc).encode()}


def _open(keys: BodyKeys | None, sealed: bytes, about: bytes) -> bytes:
    if keys is None:
        raise BodyUnreadable(f"encrypted with the key {key_of(sealed)}, and {SETTING} is not set")
    return keys.open(sealed, about)


def _about(what: str, name: str) -> bytes:
    return f"{what}\0{name}".encode()
