"""Several changes of one record, sent as one: CRMs refuse a batch that names a record twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from salesloft_webhooks.handlers.builtin.configuration.crm import MatchBy
from salesloft_webhooks.handlers.builtin.crm.field_values import Value


@dataclass(frozen=True, slots=True)
class Record:
    """What is to be written to one record of a CRM.

    Attributes:
        key: What identifies the record there.
        version: Orders changes of the same record.
        fields: Values by the CRM's names; None: to be emptied.
        ways: What it may be found by, if not by its key alone; see `MatchBy`.
    """

    key: str
    version: float
    fields: dict[str, Value | None]
    ways: Mapping[MatchBy, str] = field(default_factory=dict)


def with_fields(record: Record, **more: str) -> Record:
    """The record, with these fields as well."""
    return replace(record, fields={**record.fields, **more})


def without(record: Record, field: str) -> Record:
    """The record, of which one of the fields stays as it is there."""
    return replace(record, fields={name: value for name, value in record.fields.items() if name != field})


def merged(records: Sequence[Record]) -> tuple[list[Record], list[int]]:
    """One record per key, later versions over earlier ones, and for each record the position of its merged one."""
    positions = {key: position for position, key in enumerate(dict.fromkeys(record.key for record in records))}
    result = [Record(key, 0.0, {}) for key in positions]
    for record in sorted(records, key=lambda each: each.version):
        position = positions[record.key]
        before = result[position]
        result[position] = Record(
            record.key, record.version, {**before.fields, **record.fields}, {**before.ways, **record.ways}
        )
    return result, [positions[record.key] for record in records]


def first_of_each_address(records: Sequence[Record]) -> tuple[list[Record], dict[str, str]]:
    """Those that can be made at once where addresses are unique, and who comes before each of the others."""
    first: dict[str, str] = {}
    doubled: dict[str, str] = {}
    for record in records:
        person = record.ways["salesloft_id"]
        address = record.ways.get("email_address")
        if address and first.setdefault(address, person) != person:
            doubled[record.key] = first[address]
    return [record for record in records if record.key not in doubled], doubled
