"""What Salesforce keeps and how it judges a write, as far as its guides say: the lower half of the stand-in.

Types, what may be written when, and required fields: Object Reference (Contact, Lead, Task, Event, User) and Field
Reference. Codes: "Core Data Types Used in API Calls", SOAP API Developer Guide. Ids: "ID Field Type".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PREFIXES = {"Contact": "003", "Lead": "00Q", "Task": "00T", "Event": "00U", "User": "005"}
EXTERNAL_ID = "SalesLoft_Person_Id__c"
ACTIVITY_ID = "SalesLoft_Activity_Id__c"
_PERSON = ("Id", "Email", "FirstName", "LastName", "Title", "Phone", "OwnerId", EXTERNAL_ID)
_OWN = ("SalesLoft_Bounced_Address__c", "SalesLoft_Deleted__c")
_ACTIVITY = ("Id", "OwnerId", "WhoId", "Subject", "Description", ACTIVITY_ID)
FIELDS = {
    "Contact": (*_PERSON, *_OWN),
    "Lead": (*_PERSON, *_OWN, "Company"),
    "Task": (
        *(*_ACTIVITY, "ActivityDate", "Status", "TaskSubtype"),
        *("CallType", "CallDurationInSeconds", "CallDisposition"),
    ),
    "Event": (*_ACTIVITY, "StartDateTime", "EndDateTime", "Location"),
    "User": ("Id", "Email", "IsActive", "UserType"),
}
TYPES = {
    **dict.fromkeys(("Id",), "id"),
    **dict.fromkeys(("OwnerId", "WhoId"), "reference"),
    **dict.fromkeys(("SalesLoft_Deleted__c", "IsActive"), "boolean"),
    **dict.fromkeys(("StartDateTime", "EndDateTime"), "datetime"),
    **dict.fromkeys(("Status", "TaskSubtype", "CallType"), "picklist"),
    "Email": "email",
    "Phone": "phone",
    "Description": "textarea",
    "ActivityDate": "date",
    "CallDurationInSeconds": "int",
}
SYSTEM = ("IsDeleted", "MasterRecordId", "IsConverted", "ConvertedContactId", "CreatedDate")
REQUIRED = {"Contact": ("LastName",), "Lead": ("LastName", "Company"), "Event": ("StartDateTime", "EndDateTime")}
CREATE_ONLY = ("TaskSubtype",)
UNIQUE = (EXTERNAL_ID, ACTIVITY_ID)
STATUSES = ("Not Started", "Completed")
_JSON = {"boolean": bool, "int": int, "double": int | float}


def long_id(short: str) -> str:
    """The id in 18 characters."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    fives = [short[:5], short[5:10], short[10:15]]
    return short + "".join(alphabet[int("".join("01"[c.isupper()] for c in reversed(five)), 2)] for five in fives)


class Refusal(Exception):
    """One record is refused: code, message, fields."""

    def __init__(self, code: str, message: str = "", *fields: str) -> None:
        super().__init__(code)
        self.error = {"statusCode": code, "message": message or f"{code}: {', '.join(fields)}", "fields": list(fields)}


class BadRequest(Exception):
    """The whole request is refused, with 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.body = [{"message": message, "errorCode": code}]


@dataclass
class Stored:
    """One record: what was written, and what Salesforce itself knows of it."""

    sobject: str
    fields: dict[str, Any]
    system: dict[str, Any]

    @property
    def is_live(self) -> bool:
        """Whether it is not in the recycle bin."""
        return not self.system["IsDeleted"]

    def value(self, name: str) -> Any:
        """Of a field; None: empty."""
        return self.system.get(name, self.fields.get(name))


@dataclass
class Records:
    """Records of all objects, by their ids in 18 characters."""

    by_id: dict[str, Stored] = field(default_factory=dict)

    def add(self, sobject: str, **fields: Any) -> str:
        """Keep a record; its id."""
        own = long_id(f"{PREFIXES[sobject]}5gX0a{len(self.by_id) + 1:07d}")
        made = f"2026-03-07T09:26:{len(self.by_id) % 60:02d}.000+0000"
        system = dict.fromkeys(SYSTEM) | {"Id": own, "CreatedDate": made, "IsDeleted": False, "IsConverted": False}
        self.by_id[own] = Stored(sobject, fields, system)
        return own

    def live(self, sobject: str) -> Iterator[Stored]:
        """Those of an object that are not in the recycle bin."""
        return (each for each in self.by_id.values() if each.sobject == sobject and each.is_live)

    def merge(self, kept: str, lost: str) -> None:
        """Merge two records: one goes to the recycle bin and names the other."""
        self.by_id[lost].system |= {"IsDeleted": True, "MasterRecordId": kept}

    def convert(self, lead: str, **fields: Any) -> str:
        """Convert a Lead; the new Contact's id."""
        contact = self.add("Contact", LastName=self.by_id[lead].value("LastName"), **fields)
        self.by_id[lead].system |= {"IsConverted": True, "ConvertedContactId": contact}
        return contact

    def delete(self, own: str) -> None:
        """Put a record into the recycle bin."""
        self.by_id[own].system["IsDeleted"] = True

    def upsert(self, sobject: str, key: str, fields: dict[str, Any]) -> tuple[str, bool]:
        """By an external id: the record's id, and whether it was made."""
        known = [each for each in self.live(sobject) if each.value(key) == fields[key]]
        if known:
            return self.update(known[0].system["Id"], fields), False
        return self.create(sobject, fields), True

    def create(self, sobject: str, fields: dict[str, Any]) -> str:
        """Make a record; its id."""
        if missing := [name for name in REQUIRED.get(sobject, ()) if not fields.get(name)]:
            raise Refusal("REQUIRED_FIELD_MISSING", "", *missing)
        self._judge(sobject, fields, None)
        return self.add(sobject, **{name: value for name, value in fields.items() if value is not None})

    def update(self, own: str, fields: dict[str, Any]) -> str:
        """Change a record; its id."""
        if (record := self.by_id.get(own)) is None:
            raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if not record.is_live:
            raise Refusal("ENTITY_IS_DELETED", "entity is deleted")
        if record.system["IsConverted"]:
            raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        if wrong := [name for name in CREATE_ONLY if name in fields]:
            raise Refusal("INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create/update fields: {wrong[0]}", *wrong)
        self._judge(record.sobject, fields, own)
        record.fields.update(fields)
        for name in [name for name, value in record.fields.items() if value is None]:
            del record.fields[name]
        return own

    def _judge(self, sobject: str, fields: dict[str, Any], own: str | None) -> None:
        for name in UNIQUE:
            for each in self.live(sobject):
                if fields.get(name) and each.value(name) == fields[name] and each.system["Id"] != own:
                    other = each.system["Id"]
                    raise Refusal(
                        "DUPLICATE_VALUE", f"duplicate value found: {name} duplicates value on record with id: {other}"
                    )
        if who := fields.get("WhoId"):
            person = self.by_id.get(who)
            if person is None or person.sobject not in ("Contact", "Lead"):
                raise Refusal("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            if person.system["IsConverted"]:
                raise Refusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def check_json(types: dict[str, str], fields: dict[str, Any]) -> None:
    """Raise for a value that JSON's reader does not take for the field's type."""
    for name, value in fields.items():
        kind = types.get(name, "string")
        fits = value is None or (
            _is_time(kind, value)
            if kind in ("date", "datetime")
            else isinstance(value, _JSON.get(kind, str)) and (kind == "boolean" or not isinstance(value, bool))
        )
        if not fits:
            raise BadRequest("JSON_PARSER_ERROR", f"Cannot deserialize instance of {kind} from the value of {name}")


def _is_time(kind: str, value: Any) -> bool:
    pattern = r"\d{4}-\d\d-\d\d" + (r"T\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:?\d\d)" if kind == "datetime" else "")
    if not (isinstance(value, str) and re.fullmatch(pattern, value)):
        return False
    return bool(datetime.fromisoformat(value))
