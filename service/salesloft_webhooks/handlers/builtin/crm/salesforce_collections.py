"""Writing up to 200 records in one request: sObject Collections, with ``allOrNone`` false.

Records are created by ``POST /composite/sobjects``, changed by ``PATCH /composite/sobjects``, and either by ``PATCH
/composite/sobjects/<sObject>/<external id field>``. The first two take several types in up to ten runs of one type
each, the third only its own. Results come in the order of the records ("Create/Update/Upsert Records Using sObject
Collections", REST API Developer Guide). What needs several of these requests goes in one Composite request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from salesloft_webhooks.handlers.builtin.crm.bisection import RecordVerdict
from salesloft_webhooks.handlers.builtin.crm.salesforce_answers import Reader
from salesloft_webhooks.handlers.builtin.crm.salesforce_session import SalesforceSession, Subrequest

RECORDS_PER_REQUEST = 200

_COLLECTION = "/composite/sobjects"


@dataclass(frozen=True, slots=True)
class Write:
    """One record to be written.

    Attributes:
        method: ``POST`` or ``PATCH``.
        path: The collection's, below the version.
        sobject: The record's type.
        values: Its fields, ``id`` included.
    """

    method: str
    path: str
    sobject: str
    values: Mapping[str, Any]


def created(sobject: str, values: Mapping[str, Any]) -> Write:
    """A record to be made."""
    return Write("POST", _COLLECTION, sobject, values)


def updated(sobject: str, record_id: str, values: Mapping[str, Any]) -> Write:
    """A record to be changed."""
    return Write("PATCH", _COLLECTION, sobject, {"id": record_id, **values})


def upserted(sobject: str, external_id: str, values: Mapping[str, Any]) -> Write:
    """A record to be made, or changed if one with this external id is there; the id is among the values."""
    return Write("PATCH", f"{_COLLECTION}/{sobject}/{external_id}", sobject, values)


async def write(
    session: SalesforceSession, reader: Reader, planned: Sequence[Write | RecordVerdict], *, once: str = ""
) -> Sequence[RecordVerdict]:
    """Write those that are to be written; what became of each, or the verdict that was given instead.

    Args:
        session: Where.
        reader: What the answers mean.
        planned: At most `RECORDS_PER_REQUEST`; no record twice.
        once: See `Reader.verdicts`.

    Raises:
        Refused: A request was refused as a whole: of the others, some records may be written.
        Retry, Unavailable: There is no answer, or not the documented one.
    """
    groups = dict[tuple[str, str], list[tuple[int, Write]]]()
    for position, each in enumerate(planned):
        if isinstance(each, Write):
            groups.setdefault((each.method, each.path), []).append((position, each))
    for group in groups.values():
        group.sort(key=lambda each: each[1].sobject)  # few runs of one type
    subrequests = [
        Subrequest(method, path, {"allOrNone": False, "records": [_row(each) for _, each in group]})
        for (method, path), group in groups.items()
    ]
    verdicts: list[RecordVerdict] = [None if isinstance(each, Write) else each for each in planned]
    answers = await session.together(subrequests) if subrequests else []
    for answer, group in zip(answers, groups.values(), strict=True):
        reader.raise_for(answer)
        results = reader.verdicts(answer, len(group), once=once)
        for (position, _), result in zip(group, results, strict=True):
            verdicts[position] = result
    return verdicts


def _row(each: Write) -> dict[str, Any]:
    return {"attributes": {"type": each.sobject}, **each.values}
