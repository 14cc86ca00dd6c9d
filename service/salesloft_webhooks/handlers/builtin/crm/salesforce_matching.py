"""Which record of Salesforce a person is: the Contact, else the Lead that is not converted, by the order configured.

Records in the recycle bin are asked for, too (``queryAll``): one that was lost in a merge names the record that was
kept (`MasterRecordId`), and a converted Lead its Contact (`ConvertedContactId`; Contact and Lead, Object Reference).
Both lead on to that record, so that neither a merge nor a conversion is undone by a second record.

A record that bears another person's id is that person's: an e-mail address does not find it, and whom their own id or
`crm_id` leads there is a problem for people to solve, not one to be written over. Two people of SalesLoft with one
address are therefore two records here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from salesloft_webhooks.handlers.builtin.configuration.crm import MatchBy
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.salesforce_findings import Finding, SalesforceRecord, Sought
from salesloft_webhooks.handlers.builtin.crm.salesforce_session import Row, SalesforceSession
from salesloft_webhooks.handlers.builtin.crm.salesforce_soql import CONTACT, LEAD, PREFIXES, record_id, statements

LONGEST_ADDRESS = 80
"""Characters that a field of the type email holds ("Field Reference", Contact and Lead): longer ones find nobody."""
HOPS = 5
"""Merges and conversions in a row that are followed."""

_FIELDS = {
    CONTACT: "Email, CreatedDate, IsDeleted, MasterRecordId",
    LEAD: "Email, CreatedDate, IsDeleted, MasterRecordId, IsConverted, ConvertedContactId",
}
_OF_ANY = "CreatedDate, IsDeleted"
"""Of an object of one's own."""
_ACCOUNT = "IsPersonAccount"
"""Contacts have it where the organisation has Person Accounts (Contact, Object Reference)."""


class Matcher:
    """Looks for people.

    Args:
        configuration: The objects, the field of our own, and the order.
        session: Where.
    """

    def __init__(self, configuration: SalesforceCrm, session: SalesforceSession) -> None:
        self._session = session
        self._sobjects = configuration.sobjects
        self._external_id = configuration.external_id_field
        self._order = configuration.match
        self._on_several = configuration.on_several

    async def find(self, people: Sequence[Sought]) -> Mapping[str, Finding]:
        """What each is, by the person's id: one request for each way that somebody still has to be looked for.

        Raises:
            Refused, Retry, Unavailable: Salesforce does not say.
        """
        findings = {person.person_id: Finding() for person in people}
        taken = dict[str, str]()
        for way in self._order:
            sought = {
                person.person_id: value
                for person in people
                if findings[person.person_id].record is None and not findings[person.person_id].problem
                for value in self._values(way, person)
            }
            if not sought:
                continue
            candidates = await self._candidates(way, sought.values())
            for person_id, value in sought.items():
                finding = self._chosen(way, person_id, candidates.get(value, ()), taken)
                converted = finding.converted or findings[person_id].converted
                findings[person_id] = replace(finding, converted=converted and finding.record is None)
                if finding.record is not None:
                    taken.setdefault(finding.record.id, person_id)
        return findings

    async def bearers(self, ids: Collection[str]) -> Mapping[str, str]:
        """Whose records are, by their ids; empty: nobody's. Those that are gone, or lead elsewhere, are not there.

        Raises:
            Refused, Retry, Unavailable: Salesforce does not say.
        """
        asked = {sobject: [each for each in ids if PREFIXES[each[:3]] == sobject] for sobject in PREFIXES.values()}
        there = await self._read(asked, "Id")
        return {each.id: each.person_id or "" for each in there if not each.gone}

    def _values(self, way: MatchBy, person: Sought) -> Iterable[str]:
        """What to look for: nothing where it can be no value of Salesforce's."""
        if way == "salesloft_id":
            return [person.person_id]
        if way == "crm_id":
            wanted = record_id(person.ways.get(way, "")) or ""
            return [wanted] if PREFIXES.get(wanted[:3]) in self._sobjects else []
        address = person.ways.get(way, "").strip().lower()
        return [address] if "@" in address and len(address) <= LONGEST_ADDRESS else []

    def _chosen(
        self, way: MatchBy, person_id: str, candidates: Sequence[SalesforceRecord], taken: Mapping[str, str]
    ) -> Finding:
        present = list({each.id: each for each in candidates if not each.gone}.values())
        free = [each for each in present if _is_free(each, person_id, taken)]
        if way == "email_address":
            present = free
        records = [each for each in present if each.sobject == CONTACT] or present
        if not records:
            return Finding(converted=any(each.converted and _is_free(each, person_id, taken) for each in candidates))
        if way == "email_address" and len(records) > 1:
            return self._several(records)
        record = next((each for each in records if each in free), records[0])
        if record.is_account:
            return Finding(record, "a Person Account, which is not written to")
        return Finding(record, "" if record in free else f"their {record.sobject} bears the id of another person")

    def _several(self, records: Sequence[SalesforceRecord]) -> Finding:
        if self._on_several == "oldest":
            return Finding(min(records, key=lambda each: (each.created, each.id)))
        if self._on_several == "create":
            return Finding()
        what = f"{len(records)} records ({records[0].sobject})"
        return Finding(problem=f"{what} have the person's e-mail address (see crm.on_several)")

    async def _candidates(self, way: MatchBy, values: Iterable[str]) -> Mapping[str, Sequence[SalesforceRecord]]:
        """By each value, the records that it leads to in the end."""
        wanted = list(values)
        starts = await self._read(
            {
                sobject: [each for each in wanted if way != "crm_id" or PREFIXES[each[:3]] == sobject]
                for sobject in self._sobjects
            },
            {"salesloft_id": self._external_id, "crm_id": "Id", "email_address": "Email"}[way],
        )
        result = dict[str, list[SalesforceRecord]]()
        for start, end in (await self._followed(starts)).items():
            value = {"salesloft_id": start.person_id, "crm_id": start.id, "email_address": start.email_address}[way]
            result.setdefault(value or "", []).append(end)
        return result

    async def _followed(self, starts: Sequence[SalesforceRecord]) -> Mapping[SalesforceRecord, SalesforceRecord]:
        """By each record the one that it was merged or converted into, or itself."""
        ends = {start: start for start in starts}
        for _ in range(HOPS):
            targets = [each.leads_to for each in ends.values() if each.leads_to]
            if not (targets := [each for each in targets if PREFIXES.get(each[:3]) in self._sobjects]):
                break
            by_sobject = {
                sobject: [each for each in targets if PREFIXES[each[:3]] == sobject] for sobject in PREFIXES.values()
            }
            known = {each.id: each for each in await self._read(by_sobject, "Id")}
            ends = {start: _next(end, known) if end.leads_to else end for start, end in ends.items()}
        return ends

    async def _read(self, values: Mapping[str, Sequence[str]], name: str) -> Sequence[SalesforceRecord]:
        asked = [
            (sobject, statement)
            for sobject, wanted in values.items()
            for statement in statements(await self._select(sobject), name, wanted)
        ]
        if not asked:
            return []
        answers = await self._session.rows([statement for _, statement in asked], deleted=True)
        return [
            record
            for (sobject, _), rows in zip(asked, answers, strict=True)
            for row in rows
            if (record := self._record(sobject, row))
        ]

    async def _select(self, sobject: str) -> str:
        """What is asked of an object. Names are checked by the configuration: letters, digits and underscores."""
        more = f", {_ACCOUNT}" if sobject == CONTACT and _ACCOUNT in await self._session.fields(sobject) else ""
        return f"SELECT Id, {self._external_id}, {_FIELDS.get(sobject, _OF_ANY)}{more} FROM {sobject}"  # noqa: S608

    def _record(self, sobject: str, row: Row) -> SalesforceRecord | None:
        if (own := record_id(_text(row, "Id") or "")) is None:
            return None
        converted, deleted = row.get("IsConverted") is True, row.get("IsDeleted") is True
        into = (deleted and _text(row, "MasterRecordId")) or (converted and _text(row, "ConvertedContactId"))
        address = _text(row, "Email")
        return SalesforceRecord(
            sobject=sobject,
            id=own,
            person_id=_text(row, self._external_id),
            created=_text(row, "CreatedDate") or "",
            leads_to=record_id(into) if into else None,
            gone=converted or deleted,
            email_address=address.lower() if address else None,
            converted=converted,
            is_account=row.get(_ACCOUNT) is True,
        )


def _next(record: SalesforceRecord, known: Mapping[str, SalesforceRecord]) -> SalesforceRecord:
    """What it leads to; where that is gone for good, or hidden from our user, it leads nowhere."""
    target = known.get(record.leads_to or "")
    return replace(record, leads_to=None) if target is None or (target.gone and not target.leads_to) else target


def _is_free(record: SalesforceRecord, person_id: str, taken: Mapping[str, str]) -> bool:
    """Whether it is this person's, or nobody's yet."""
    return taken.get(record.id, record.person_id or person_id) == person_id


def _text(row: Row, name: str) -> str | None:
    value = row.get(name)
    value = int(value) if isinstance(value, float) and value.is_integer() else value  # as fields for numbers have it
    return str(value) if isinstance(value, str | int) and value != "" and not isinstance(value, bool) else None
