"""What HubSpot's answers mean.

From HubSpot's documentation ("Handle API errors", developers.hubspot.com/docs/api-reference/error-handling, and the
references of the batch endpoints): an error has ``status``, ``category``, ``message``, ``context`` and ``errors`` with
a ``code`` each, all of them optional. With an ``objectWriteTraceId`` per input a partial failure is answered 207, and
each of its ``errors`` names the inputs it belongs to in its context. Without that one bad input fails the request with
400, or with 409 and the category CONFLICT. Validation failures are listed as JSON inside the message: ``Property
values were not valid: [{"isValid": false, "error": "PROPERTY_DOESNT_EXIST", "name": "..."}]`` (Developer Changelog,
"Property Validations Rules will be enforced for APIs and Integrations"). A 429 says in ``policyName`` which limit was
hit; 423 asks for some seconds of patience, 477 (a migration) for the time in Retry-After.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx2
import msgspec

from salesloft_webhooks.errors import PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.builtin.crm.bisection import RecordVerdict, Refused
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.builtin.crm.merging import Record
from salesloft_webhooks.handlers.outbound.http_client import CONFIGURATION_PAUSE_SECONDS, api_signal_for
from salesloft_webhooks.outgoing_http import retry_after_seconds

DAILY_LIMIT_PAUSE_SECONDS = 900.0
MIGRATION_PAUSE_SECONDS = 60.0
MOST_SECONDS = 60.0
"""The window of a limit is ten seconds; whatever a header says, it is asked again after this."""
_REFUSALS = frozenset({400, 409, 413, 414, 422})
_CONFIGURATION_ERRORS = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "MISSING_SCOPES"})
_RECORD_ERRORS = frozenset({"INVALID_EMAIL"})
_CATEGORIES = frozenset({"VALIDATION_ERROR", "MISSING_REQUIRED_FIELD"})
_SCOPE_LISTS = ("missingScopes", "requiredScopes", "requiredGranularScopes")
_SCOPE = re.compile(r"[a-z0-9._-]{1,60}")
_CODE_IN_TEXT = re.compile(r'\\?"error\\?"\s*:\s*\\?"([A-Z_]{1,60})\\?"')


def body_of(response: httpx2.Response) -> Mapping[str, Any]:
    """The answer's JSON object; empty if it is none."""
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list; nothing of anything else."""
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def pause_of(response: httpx2.Response) -> Unavailable | None:
    """How long HubSpot is left alone, if its answer calls for that: a limit, a migration, a scope that is missing.

    Retry-After comes first. The day's quota is given back at midnight of the account's time zone, which nobody tells
    us, so it is tried again every quarter of an hour; the other limit is one of a window, whose length a header states.
    """
    after, status = retry_after_seconds(response), response.status_code
    if status == 477:
        return Unavailable("hubspot answered 477", after=MIGRATION_PAUSE_SECONDS if after is None else after)
    if status == httpx2.codes.FORBIDDEN and (scopes := sorted(_scopes(body_of(response)))):
        message = f"hubspot answered 403: the token needs {' or '.join(scopes)}"
        return Unavailable(message, after=CONFIGURATION_PAUSE_SECONDS)
    if status != httpx2.codes.TOO_MANY_REQUESTS or after is not None:
        return None
    if body_of(response).get("policyName") == "DAILY":
        return Unavailable("hubspot: the daily limit is used up", after=DAILY_LIMIT_PAUSE_SECONDS)
    window = number_of(response, "X-HubSpot-RateLimit-Interval-Milliseconds")
    return None if window is None else Unavailable("hubspot answered 429", after=min(window / 1000, MOST_SECONDS))


def number_of(response: httpx2.Response, header: str) -> int | None:
    """A natural number in a header; None if there is none."""
    text = response.headers.get(header, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def results_of(response: httpx2.Response) -> Iterator[Mapping[str, Any]]:
    """The objects that a 2xx lists: all that there are, so an answer without a list must not pass for nobody.

    Raises:
        Retry: It is not the documented answer.
    """
    listed = body_of(response).get("results")
    if not isinstance(listed, list):
        raise Retry("hubspot: not the documented answer")
    return objects(listed)


def raise_for(response: httpx2.Response, mapping: FieldMapping) -> None:
    """Return for a 2xx; raise what any other answer to a whole request means.

    Raises:
        Refused: It may be the fault of one record in it.
        Retry, Unavailable: It is not.
    """
    status, body = response.status_code, body_of(response)
    if response.is_success:
        return
    if pause := pause_of(response):
        raise pause
    verdict = _verdict(body, mapping)
    if isinstance(verdict, Unavailable):
        raise verdict
    if status not in _REFUSALS:
        raise api_signal_for("hubspot", response)
    codes = " ".join(("", *sorted(_codes(body))))
    raise Refused(f"hubspot answered {status}{codes}", transient=status == httpx2.codes.CONFLICT)


def verdicts(
    response: httpx2.Response, records: Sequence[Record], mapping: FieldMapping, *, keyed_by: str | None = "email"
) -> Sequence[RecordVerdict]:
    """What a 2xx says about each record of its request.

    Args:
        response: The answer.
        records: What was sent.
        mapping: Names that may be repeated in a message.
        keyed_by: The property that has the records' keys; None: they are HubSpot's ids.

    Raises:
        Retry: It is not the documented answer.
    """
    body = body_of(response)
    if response.status_code != httpx2.codes.MULTI_STATUS:
        if body.get("status") != "COMPLETE":
            raise Retry("hubspot: an answer that does not say it is complete")
        return [None] * len(records)
    result: list[RecordVerdict] = [Retry("hubspot: nothing was said about this contact")] * len(records)
    for taken in objects(body.get("results")):
        properties = taken.get("properties")
        own = properties.get(keyed_by) if isinstance(properties, dict) and keyed_by else None
        own = taken.get("id") if keyed_by is None else own
        for position in _positions([taken.get("objectWriteTraceId")], [own], records):
            result[position] = None
    for error in objects(body.get("errors")):
        context = error.get("context")
        context = context if isinstance(context, dict) else {}
        for position in _positions(
            _listed(context.get("objectWriteTraceId")),
            [*_listed(context.get("ids")), *_listed(context.get("id"))],
            records,
        ):
            result[position] = _verdict(error, mapping)
    return result


def _verdict(error: Mapping[str, Any], mapping: FieldMapping) -> RecordVerdict:
    codes = _codes(error)
    message = f"hubspot: {' '.join(sorted(codes)) or 'refused without a reason'}"
    if codes & _CONFIGURATION_ERRORS:
        named = mapping.quoted_in(msgspec.json.encode(error).decode().replace("\\", ""))
        fields = f" ({', '.join(named)})" if named else ""
        return Unavailable(f"{message}{fields}", after=CONFIGURATION_PAUSE_SECONDS)
    if codes & _RECORD_ERRORS:
        return PermanentError(message)
    if codes & _CATEGORIES:
        return Refused(message)
    return Refused(message, transient=True)


def _codes(error: Mapping[str, Any]) -> frozenset[str]:
    """The category and every code of an error, wherever it stands; never its free text, which may quote the person."""
    inner = list(objects(error.get("errors")))
    values = [error.get("category"), *(each.get("code") for each in inner)]
    for text in (error.get("message"), *(each.get("message") for each in inner)):
        if isinstance(text, str):
            values += _CODE_IN_TEXT.findall(text)
    return frozenset(value for value in values if isinstance(value, str) and re.fullmatch(r"[A-Z_]{1,60}", value))


def _scopes(error: Mapping[str, Any]) -> Iterator[str]:
    """The scopes that a refusal names: in its context, or in that of one of its errors."""
    for each in (error, *objects(error.get("errors"))):
        context = each.get("context")
        for name in _SCOPE_LISTS:
            named = context.get(name) if isinstance(context, dict) else None
            found = named if isinstance(named, list) else []
            yield from (scope for scope in found if isinstance(scope, str) and _SCOPE.fullmatch(scope))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _positions(traces: Sequence[Any], ids: Sequence[Any], records: Sequence[Record]) -> list[int]:
    """The positions that traces name; without any, those of the records with these ids or addresses."""
    texts = [each for each in traces if isinstance(each, str) and each.isascii() and each.isdigit() and len(each) < 9]
    if found := [position for each in texts if (position := int(each)) < len(records)]:
        return found
    wanted = {each.lower() for each in ids if isinstance(each, str)}
    return [position for position, record in enumerate(records) if record.key in wanted]
