"""What Salesforce's answers mean.

From Salesforce's documentation ("Status Codes and Error Responses" of the REST API Developer Guide, and "Core Data
Types Used in API Calls" of the SOAP API Developer Guide, which lists the codes): a request that is refused as a whole
is answered 4xx with ``[{"message", "errorCode", "fields"}]``; sObject Collections with ``allOrNone`` false answer 200
and one result per record, in order: ``{"id", "success", "errors": [{"statusCode", "message", "fields"}]}``. A retired
version of the API is answered 410 ("API End-of-Life"), a spent quota 403 with ``REQUEST_LIMIT_EXCEEDED``, an unknown
object or external id field 404 with ``NOT_FOUND``.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import httpx2
import msgspec

from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.builtin.crm.bisection import RecordVerdict, Refused
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.outbound.http_client import CONFIGURATION_PAUSE_SECONDS, api_signal_for
from salesloft_webhooks.telemetry import get_logger

_log = get_logger(__name__)

LIMIT_PAUSE_SECONDS = 300.0
EXPIRED = "INVALID_SESSION_ID"
"""The token has expired: to be renewed, and the request repeated."""

DUPLICATE = "DUPLICATES_DETECTED"
OnDuplicate = Literal["refuse", "save", "skip"]

_REFUSALS = frozenset({400, 409, 413, 414, 422})
_LIMITS = frozenset({"STORAGE_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED", "EXCEEDED_QUOTA", "LIMIT_EXCEEDED"})
_CONFIGURATION_ERRORS = frozenset(
    {
        EXPIRED,
        "API_CURRENTLY_DISABLED",
        "API_DISABLED_FOR_ORG",
        "FUNCTIONALITY_NOT_ENABLED",
        "INVALID_FIELD",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "INVALID_TYPE",
        "UNSUPPORTED_API_VERSION",
    }
)
_TRANSIENT = frozenset(
    {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION"}
)
_GONE = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "CANNOT_UPDATE_CONVERTED_LEAD"})
"""Of an update by id: the record was deleted or converted since it was looked up. The next attempt finds what it is."""
_TAKEN = "DUPLICATE_VALUE"
_RECORD_ERRORS = frozenset(
    {
        "INVALID_EMAIL_ADDRESS",
        "STRING_TOO_LONG",
        _TAKEN,
        "INACTIVE_OWNER_OR_USER",
        "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
    }
)
_MISSING = "REQUIRED_FIELD_MISSING"


class Problem(msgspec.Struct, rename="camel"):
    """An error of either form."""

    status_code: str = ""
    error_code: str = ""
    message: str = ""
    fields: list[str] | None = None

    @property
    def code(self) -> str:
        """The one of both that is there, if it looks like one."""
        code = self.status_code or self.error_code
        return code if code.isascii() and code.replace("_", "").isalnum() and len(code) <= 60 else "UNKNOWN"


class _Result(msgspec.Struct):
    success: bool
    errors: list[Problem] = []


def problems_of(response: httpx2.Response) -> list[Problem]:
    """The errors of a refused request; empty if the body is something else."""
    try:
        return msgspec.json.decode(response.content, type=list[Problem])
    except (msgspec.DecodeError, RecursionError):
        return []


def expired(response: httpx2.Response) -> bool:
    """Whether the token has to be renewed."""
    # Looked for in every answer, also among the results of single records: a flow or trigger may pass it on.
    return response.status_code == httpx2.codes.UNAUTHORIZED or f'"{EXPIRED}"'.encode() in response.content


class Reader:
    """Reads answers with the configuration they belong to.

    Args:
        mappings: Names that may be repeated in a message.
        on_duplicate: What a record that a duplicate rule refuses comes to.
        external_id: The field with a person's id: whoever has it first is found by the next attempt.
        activity_id: The field with an activity's id.
    """

    def __init__(
        self, *mappings: FieldMapping, on_duplicate: OnDuplicate, external_id: str, activity_id: str = ""
    ) -> None:
        self._mappings = mappings
        self._on_duplicate = on_duplicate
        self._external_id = external_id
        self._ids = tuple(filter(None, (external_id, activity_id)))

    def raise_for(self, response: httpx2.Response) -> None:
        """Return for a 2xx; raise what any other answer to a whole request means.

        Raises:
            Refused: It may be the fault of one record in it.
            Retry, Unavailable: It is not.
        """
        if response.is_success:
            return
        problems, status = problems_of(response), response.status_code
        verdict = self._verdict(problems)
        if isinstance(verdict, Unavailable):
            raise verdict
        if status in _REFUSALS:
            raise Refused(
                _message(problems, f"salesforce answered {status}"), transient=status == httpx2.codes.CONFLICT
            )
        if status in (httpx2.codes.NOT_FOUND, httpx2.codes.GONE):
            wrong = f"salesforce answered {status}: wrong crm.api_version, crm.sobject or crm.external_id_field"
            raise Unavailable(wrong, after=CONFIGURATION_PAUSE_SECONDS)
        raise api_signal_for("salesforce", response)

    def verdicts(self, response: httpx2.Response, count: int, *, once: str = "") -> Sequence[RecordVerdict]:
        """What became of each record of an answered request.

        Args:
            response: 2xx.
            count: Of the records.
            once: A field with unique values: a record whose value is taken is there already, and that is fine.

        Raises:
            Retry: It is not the documented answer.
        """
        try:
            results = msgspec.json.decode(response.content, type=list[_Result])
        except (msgspec.DecodeError, RecursionError) as exc:
            raise Retry("salesforce: not the documented answer") from exc
        if len(results) != count:
            raise Retry("salesforce: not one result per record")
        return [
            None if result.success or (once and _is_taken(result.errors, once)) else self._verdict(result.errors)
            for result in results
        ]

    def _verdict(self, problems: Sequence[Problem]) -> RecordVerdict:
        codes = {problem.code for problem in problems}
        message = _message(problems, "salesforce")
        if codes & _LIMITS:
            return Unavailable(message, after=LIMIT_PAUSE_SECONDS)
        if codes & _CONFIGURATION_ERRORS or (_MISSING in codes and not self._is_ours_to_fill(problems)):
            fields = ", ".join(self._named(problems))
            return Unavailable(f"{message}{f' ({fields})' if fields else ''}", after=CONFIGURATION_PAUSE_SECONDS)
        if DUPLICATE in codes:
            return self._duplicate(message)
        if codes & _TRANSIENT or _is_taken(problems, self._external_id):
            return Retry(message)
        if codes & _RECORD_ERRORS or _MISSING in codes:
            return PermanentError(message)
        return Refused(message, transient=bool(codes & _GONE))

    def _duplicate(self, message: str) -> RecordVerdict:
        if self._on_duplicate == "skip":
            _log.info("crm.duplicate")
            return None
        return Refused(f"{message} (see crm.on_duplicate)")

    def _is_ours_to_fill(self, problems: Iterable[Problem]) -> bool:
        """Whether the missing fields are ones we write: then this person has nothing for them."""
        missing = {field for problem in problems if problem.code == _MISSING for field in problem.fields or ()}
        return missing <= {name for mapping in self._mappings for name in mapping.names}

    def _named(self, problems: Sequence[Problem]) -> Sequence[str]:
        """The fields an error is about, as Salesforce names them or as the configuration does."""
        said = [field for problem in problems for field in problem.fields or () if field.isidentifier()]
        messages = [problem.message for problem in problems]
        quoted = [name for text in messages for mapping in self._mappings for name in mapping.quoted_in(text)]
        quoted += [name for text in messages for name in self._ids if f"'{name}'" in text]
        return list(dict.fromkeys(said + quoted))[:10]


def _is_taken(problems: Iterable[Problem], field: str) -> bool:
    """Whether another record has the field's value: "duplicate value found: FIELD duplicates value on record ..."."""
    pattern = re.compile(rf"(?<!\w){re.escape(field)}(?!\w)")
    return any(each.code == _TAKEN and pattern.search(each.message) for each in problems)


def _message(problems: Sequence[Problem], start: str) -> str:
    codes = ", ".join(sorted({problem.code for problem in problems})) or "refused without a reason"
    return f"{start}: {codes}"


def fields_of(response: httpx2.Response) -> dict[str, dict[str, Any]]:
    """The fields of a described object, by name; empty if the body is something else."""
    try:
        body = msgspec.json.decode(response.content, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}
    fields = body.get("fields")
    described = fields if isinstance(fields, list) else []
    return {each["name"]: each for each in described if isinstance(each, dict) and isinstance(each.get("name"), str)}
