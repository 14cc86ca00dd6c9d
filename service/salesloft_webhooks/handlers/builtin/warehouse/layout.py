"""Where a file lies and what it is called: both follow from the events in it, and from nothing else.

::

    events/type=person.updated/day=2026-03-07/<digest of the event ids>.parquet
    manifest.txt      the address of each file that counts, one a line
    counted_since     since when it names which of them: what the grace of a compaction is counted from

The same events give the same name, whoever writes them and however often, so writing again is no second file. Type and
day are what the event says of itself; the folders are named as Hive has it, which DuckDB, BigQuery, Snowflake and Spark
understand.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote, unquote

EVENTS = "events"
"""The folder of the table."""
MANIFEST = "manifest.txt"
COUNTED_SINCE = "counted_since.json"
SUFFIX = ".parquet"

NO_DAY = "__HIVE_DEFAULT_PARTITION__"
"""Hive's word for a null: the sender wrote no time that can be read."""

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


def name_of(event_ids: Iterable[str]) -> str:
    """The name of the file with exactly these events; order and repeats make no difference."""
    digest = hashlib.sha256()
    for event_id in sorted(set(event_ids)):
        encoded = event_id.encode()
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return f"{digest.hexdigest()[:40]}{SUFFIX}"
