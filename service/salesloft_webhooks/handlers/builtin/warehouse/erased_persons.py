"""Who is erased: a file for each, which stays; and up to which files of events nothing of them is left.

Nothing of them may stay in the warehouse, whoever writes it and however late: every compaction leaves their rows out.
So that it does not have to read all files each time, it remembers how far it has looked.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.layout import ERASED, LOOKED_THROUGH, erased_path, erased_person
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage

LATE = timedelta(days=1)
"""A file may appear so much later than it says that it was written: when its upload began."""


class _Looked(Struct):
    """What `looked_through.json` has.

    Attributes:
        persons: Of whom nothing was left.
        until: In files written until then.
    """

    persons: list[int]
    until: datetime


def record_erased(storage: Storage, person: int, now: datetime) -> None:
    """From now on nothing of a person may stay."""
    storage.write(erased_path(person), msgspec.json.encode({"since": now}))


def erased_persons(storage: Storage) -> frozenset[int]:
    """Everybody."""
    found = (erased_person(file.path) for file in storage.files(ERASED))
    return frozenset(person for person in found if person is not None)


def looked_until(storage: Storage, persons: Collection[int]) -> datetime | None:
    """In files written before that nothing is left of any of these persons; None: that is not known of any file."""
    try:
        looked = msgspec.json.decode(storage.read(LOOKED_THROUGH).to_pybytes(), type=_Looked)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return looked.until - LATE if looked.until.tzinfo and {*persons} <= {*looked.persons} else None


def write_looked(storage: Storage, persons: Collection[int], until: datetime) -> None:
    """All files written until then have been looked through, and nothing is left of these persons."""
    storage.write(LOOKED_THROUGH, msgspec.json.encode(_Looked(sorted(persons), until)))
