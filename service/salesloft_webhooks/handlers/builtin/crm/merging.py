"""Several changes of one record, sent as one: CRMs refuse a batch that names a record twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """What is to be written to one record of a CRM.

    Attributes:
        key: What identifies the record there.
        version: Orders changes of the same record.
        fields: Values by the CRM's names.
    """

    key: str
    version: float
    fields: dict[str, Any]


def merged(records: Sequence[Record]) -> tuple[list[Record], list[int]]:
    """One record per key, later versions over earlier ones, and for each given record the place of its merged one."""
    places = {key: place for place, key in enumerate(dict.fromkeys(record.key for record in records))}
    result = [Record(key, 0.0, {}) for key in places]
    for record in sorted(records, key=lambda each: each.version):
        place = places[record.key]
        result[place] = Record(record.key, record.version, {**result[place].fields, **record.fields})
    return result, [places[record.key] for record in records]
