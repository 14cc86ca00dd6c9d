"""Where a file lies and what it is called: both follow from the events in it, and from nothing else.

::

    events/type=person.updated/day=2026-03-07/<digest of the event ids>.parquet
    manifest.txt      the address of each file that counts, one a line
    counted_since     since when it names which of them: what the grace of a compaction is counted from
    typed/people/event_type=person.updated/event_day=2026-03-07/<the same name>.parquet
    typed/people.txt  the manifest of that table
    erased/person=7   a person none of whose rows may stay
    looked_through    up to which files nothing of these is left
    last_compaction   when one began last, and when one left nothing to do: for those who look on

The same events give the same name, whoever writes them and however often, so writing again is no second file. Type and
day are what the event says of itself; the folders are named as Hive has it, which DuckDB, BigQuery, Snowflake and Spark
understand.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote, unquote

EVENTS = "events"
"""The folder of the table."""
MANIFEST = "manifest.txt"
COUNTED_SINCE = "counted_since.json"
LAST_COMPACTION = "last_compaction.json"
SUFFIX = ".parquet"

TYPED = "typed"
"""The folder of the tables by kind of resource; what they are partitioned by is named so that no field is called so."""

NO_DAY = "__HIVE_DEFAULT_PARTITION__"
"""Hive's word for a null: the sender wrote no time that can be read."""

ERASED = "erased"
"""The folder of who is erased."""
LOOKED_THROUGH = "looked_through.json"
_GENERATION = re.compile(r"-([1-9][0-9]{0,8})\.parquet$")
_ERASED = re.compile(rf"{ERASED}/person=([0-9]{{1,18}})")

LONGEST_NAME = 255
"""Bytes that file systems allow."""


def folder_of(event_type: str, occurred_at: datetime | None) -> str:
    """The folder of events of a type and of the day, in UTC, on which they happened.

    Raises:
        ValueError: the type would be a longer name than there are, with what has to be written as ``%3A``.
    """
    day = NO_DAY if occurred_at is None else occurred_at.astimezone(UTC).date().isoformat()
    name = f"type={quote(event_type, safe='')}"
    if len(name) > LONGEST_NAME:
        raise ValueError("the event type is too long for a folder's name")
    return f"{EVENTS}/{name}/day={day}"


def type_of(folder: str) -> str:
    """The event type of a folder that `folder_of` has named."""
    return unquote(folder.partition("/type=")[2].partition("/")[0])


def typed_path(table: str, path: str) -> str:
    """Where the rows of a file of events are in the table of their resource."""
    _, type_part, day_part, name = path.split("/")
    return f"{TYPED}/{table}/event_{type_part}/event_{day_part}/{name}"


def typed_manifest(table: str) -> str:
    """The path of a typed table's manifest: beside its folder, in which are only files of rows."""
    return f"{TYPED}/{table}.txt"


def typed_beginning(table: str) -> str:
    """How the paths in that manifest begin."""
    return f"{TYPED}/{table}/event_type="


def name_of(event_ids: Iterable[str], generation: int = 0) -> str:
    """The name of the file with exactly these events; order and repeats make no difference.

    Args:
        event_ids: Which.
        generation: How often something was erased of what it was made of: such a file is another one than that of the
            same events which somebody may have seen, and may be about to delete.
    """
    digest = hashlib.sha256()
    for event_id in sorted(set(event_ids)):
        encoded = event_id.encode()
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return f"{digest.hexdigest()[:40]}{f'-{generation}' if generation else ''}{SUFFIX}"


def generation_of(name: str) -> int:
    """Of a name as `name_of` makes them; 0 for any other."""
    found = _GENERATION.search(name)
    return int(found[1]) if found else 0


def is_name_of(name: str, event_ids: Iterable[str]) -> bool:
    """Whether a file of this name has exactly these events."""
    return name == name_of(event_ids, generation_of(name))


def erased_path(person: int) -> str:
    """Where it says that a person is erased."""
    return f"{ERASED}/person={person}"


def erased_person(path: str) -> int | None:
    """The person of such a path; None: it is none."""
    found = _ERASED.fullmatch(path)
    return int(found[1]) if found else None
