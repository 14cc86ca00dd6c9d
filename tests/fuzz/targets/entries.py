"""What somebody else has written into the store's streams: every reader of entries has to survive it."""

import base64
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from salesloft_webhooks.broker.administration.stored_records import read_dead_letter, read_entry, read_quarantined
from salesloft_webhooks.broker.body_encryption import MARK, BodyKeys
from salesloft_webhooks.broker.entry_head import by_name, packed_head
from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.broker.lease_rows import lease_in
from salesloft_webhooks.broker.records import DEAD_LETTER_FIELDS, QUARANTINE_FIELDS
from salesloft_webhooks.broker.sealed_data import opened_fields, opened_quarantined, seal_body, seal_rest
from salesloft_webhooks.broker.shared_bodies import carrier_of
from tests.fuzz.search import Target

_REFERENCE = Reference(1_772_875_574_000, 0, 0)
_ENTRY = b"1772875574000-0"
_KEY = bytes(range(32))


@cache
def _keys() -> BodyKeys:
    path = Path(mkdtemp()) / "keys"
    path.write_bytes(base64.b64encode(_KEY))
    return BodyKeys(path)


def _check_entry(data: bytes) -> None:
    """Fields, each ``name=value``, with the bytes FF FE between them."""
    fields = dict(_field(part) for part in data.split(b"\xff\xfe"))
    for keys in (None, _keys()):
        named = dict(by_name(fields))
        carrier_of(_ENTRY, named.get(b"of", b""))
        opened = opened_fields(keys, named)
        read_entry(_REFERENCE, opened)
        read_dead_letter("crm", _REFERENCE, opened)
        read_quarantined(_REFERENCE, opened_quarantined(keys, fields))
        # What `take` answers for such an entry: its head, or one that the script makes of its fields.
        written = [named.get(name, b"") for name in (b"id", b"type", b"key", b"src", b"at", b"made", b"tp")]
        made = b"\x04" + b"".join(len(each).to_bytes(4, "big") + each for each in written) + named.get(b"of", b"")
        row = [_ENTRY, b"lane", 1, 0, b"", 0, fields.get(b"head", made), fields.get(b"body", b"")]
        lease = lease_in(row, partition=0, group="crm", run="1", keys=keys)
        assert isinstance(lease.event.raw_data, bytes)


def _field(part: bytes) -> tuple[bytes, bytes]:
    name, _, value = part.partition(b"=")
    return name, value


def _seals() -> list[bytes]:
    return [seal_body(_keys(), b"{}", "e"), seal_rest(_keys(), b" 1 }", "e", "c")]


_VALUES = ("person.updated/7", "person.updated", "person:7", "default", "1772875574000", "2026-03-07T04:26:14Z", "")
ENTRIES = Target(
    _check_entry,
    ("salesloft_webhooks.broker",),
    [
        *(f"\xff\xfe{name}=".encode("latin-1") for name in (*DEAD_LETTER_FIELDS, *QUARANTINE_FIELDS)),
        b"\xff\xfehead=" + packed_head(_VALUES, pack=True),
        b"\xff\xfehead=" + packed_head(_VALUES, pack=False),
        b"\xff\xfebody=" + MARK,
        b"\xff\xfeof= 1 " + MARK,
        b"\xff\xfeof=12345-0 1 }",
        b"\x28\xb5\x2f\xfd",
        *(b"\xff\xfebody=" + seal for seal in _seals()),
    ],
)
