"""The one exception tree.

Errors from foreign libraries are translated at the edge (``raise ... from exc``), so callers only ever see these::

    SalesloftWebhooksError
    ├── ConfigurationError          a setting is missing, malformed or contradicts another
    ├── DeliveryError               one HTTP delivery cannot be accepted
    │   ├── SignatureRejected       not proven to come from the source (401); carries a RejectionReason
    │   └── UnreadableDelivery      proven, but not an event we can read (400); carries an UnreadableReason
    ├── StoreError                  Redis cannot do what was asked (503)
    │   ├── StoreUnavailable        unreachable, timed out, loading, fail-over in progress
    │   ├── StoreRefused            the server refuses what this one delivery would write
    │   ├── StoreFull               out of memory, or the backlog limit is reached
    │   └── NotDurable              written, but not confirmed at the configured durability level
    ├── BodyUnreadable              a stored body is encrypted, and not for the keys at hand
    ├── SalesloftError              SalesLoft's API did not do what was asked
    │   ├── SalesloftUnauthorized   it takes none of our credentials (401)
    │   ├── SalesloftForbidden      the credentials may not do this (403)
    │   ├── SalesloftNotFound       there is no such thing (404)
    │   ├── SalesloftRefused        what was asked for is wrong (422 and others); carries SalesLoft's own words
    │   └── SalesloftUnavailable    unreachable, too slow, failing; may have been done all the same
    │       ├── SalesloftUnreadable     the answer is not one
    │       └── SalesloftBudgetSpent    the rate limit is reached; says how long to wait
    ├── ClusterError                Kubernetes did not do what was asked of it
    │   ├── ClusterUnavailable      unreachable, too slow, failing, or its answer is not one
    │   ├── ClusterConflict         somebody else has written it meanwhile, or it exists already (409)
    │   ├── ClusterForbidden        our account may not do this (401, 403)
    │   ├── ClusterNotFound         there is no such object; what a watch went on from is too old (404, 410)
    │   └── ClusterRefused          what was asked for is wrong, and will be refused again (400, 422 and others)
    └── HandlerSignal               raised *by handlers* to steer the pipeline
        ├── Retry                   try again after a time of the handler's choosing
        ├── PermanentError          no attempt can succeed: dead letter at once
        │   └── FollowUpRefused     a follow-up was asked for that there cannot be
        └── Unavailable             the handler's backend is down: pause the group, count no attempt
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from salesloft_webhooks.time_spans import span_in_seconds


class RejectionReason(StrEnum):
    """Why a delivery was refused with 401. A metric label and a log field, never part of the answer."""

    MISSING_SIGNATURE = "missing_signature"
    """No signature header."""
    MISSING_TIMESTAMP = "missing_timestamp"
    """The dialect signs a timestamp, and there is no header with one."""
    MALFORMED_SIGNATURE = "malformed_signature"
    """The header is not what the dialect prescribes (length, alphabet, more than one header)."""
    MALFORMED_TIMESTAMP = "malformed_timestamp"
    """The timestamp is not a plain run of ASCII digits."""
    EXPIRED = "expired"
    """The timestamp is further in the past than the tolerance."""
    IN_THE_FUTURE = "in_the_future"
    """The timestamp is further in the future than the tolerance."""
    MISMATCH = "mismatch"
    """Well-formed, but made with none of our keys, or the body was changed."""
    MISSING_EVENT = "missing_event"
    """Native dialect: no usable X-Salesloft-Event header, so no key can be derived or no name assigned."""
    WRONG_CALLBACK_TOKEN = "wrong_callback_token"  # noqa: S105 - a reason, not a password
    """Native dialect: the body carries a callback_token that is not ours."""
    MISSING_ID = "missing_id"
    """Standard Webhooks: no usable webhook-id header, which the signature covers."""
    NO_KEYS = "no_keys"
    """The source has no key for the dialect that the request's headers choose."""


class UnreadableReason(StrEnum):
    """Why a correctly signed delivery was answered with 400 and kept in quarantine."""

    NOT_JSON = "not_json"
    """The body is not JSON (RFC 8259), or nested beyond reason."""
    NOT_AN_OBJECT = "not_an_object"
    """The body, or an envelope's ``data``, is JSON but not an object."""
    MISSING_FIELD = "missing_field"
    """An envelope without type, id, ``data`` or time, or with one of the wrong type."""
    INVALID_EVENT_TYPE = "invalid_event_type"
    """The event name is empty, too long or has characters no event name has."""
    UNSUPPORTED_EVENT = "unsupported_event"
    """``link_swap``, where no `LINK_SWAP_URL` answers it: SalesLoft waits, which a queue cannot help."""


class SalesloftWebhooksError(Exception):
    """Root of every error this package raises on purpose."""


class ConfigurationError(SalesloftWebhooksError):
    """A setting is missing, malformed or contradicts another. The message names the setting, never its value."""


class DeliveryError(SalesloftWebhooksError):
    """One HTTP delivery cannot be accepted."""


class SignatureRejected(DeliveryError):
    """The delivery is not proven to come from the source."""

    def __init__(self, reason: RejectionReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class UnreadableDelivery(DeliveryError):
    """The delivery is proven, but is not an event we can read. ``str()`` is safe to show to the (trusted) sender."""

    def __init__(self, reason: UnreadableReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BodyUnreadable(SalesloftWebhooksError):
    """A stored body cannot be decrypted: its key is missing, or it was damaged. Names the key, never what is in it."""


class StoreError(SalesloftWebhooksError):
    """Redis cannot do what was asked; the caller answers 503 or tries again."""


class StoreUnavailable(StoreError):
    """Unreachable, timed out, loading its data, or in the middle of a fail-over."""


class StoreRefused(StoreError):
    """The server refuses what this one delivery would write, and will again. The message, its own, has no body."""


class StoreFull(StoreError):
    """Out of memory (``maxmemory`` with ``noeviction``), or a limit of ours: ``STORE_MAX_BYTES``, ``BACKLOG_LIMIT``."""


class NotDurable(StoreError):
    """Written, but not confirmed at the configured durability level in time. A repeat is a safe duplicate."""


class SalesloftError(SalesloftWebhooksError):
    """SalesLoft's API did not do what was asked. No message carries a secret, or anything about a person."""


class SalesloftUnauthorized(SalesloftError):
    """It takes none of the credentials we have; a file that holds them was read again. Only a person can mend it."""


class SalesloftForbidden(SalesloftError):
    """The credentials are valid, and may not do this: their scope is too small."""


class SalesloftNotFound(SalesloftError):
    """There is no such thing, or these credentials may not see it."""


class SalesloftRefused(SalesloftError):
    """What was asked for is wrong, and will be refused again. ``problems``: what SalesLoft says, by field."""

    def __init__(self, message: str, problems: Mapping[str, tuple[str, ...]] | None = None) -> None:
        super().__init__(message)
        self.problems = dict(problems or {})


class SalesloftUnavailable(SalesloftError):
    """It could not be reached, took too long, or failed. Later may be better.

    Attributes:
        perhaps_done: Nobody knows whether it was done: look before you ask for it again.
        after_seconds: How long SalesLoft wants to be left alone; 0.0 if it does not say.
    """

    def __init__(self, message: str, *, perhaps_done: bool = False, after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.perhaps_done = perhaps_done
        self.after_seconds = after_seconds


class SalesloftUnreadable(SalesloftUnavailable):
    """It answered, and not as it is documented: HTML of a proxy, half a document, another shape."""


class SalesloftBudgetSpent(SalesloftUnavailable):
    """The team's rate limit is reached, by us or by others, and waiting takes longer than the caller allows."""


class ClusterError(SalesloftWebhooksError):
    """Kubernetes' API server did not do what was asked. No message carries what is in a Secret."""


class ClusterUnavailable(ClusterError):
    """It could not be reached, took too long, failed, or its answer is none. It may have been done all the same."""


class ClusterConflict(ClusterError):
    """Somebody else has written the object since we read it, or it exists already. Read it again."""


class ClusterForbidden(ClusterError):
    """Our account is not known, or may not do this: the role lacks a rule."""


class ClusterNotFound(ClusterError):
    """There is no such object or kind; or what a watch or a list went on from is not known any more."""


class ClusterRefused(ClusterError):
    """What was asked for is wrong, and will be refused again."""


class HandlerSignal(SalesloftWebhooksError):
    """Raised by handlers to steer the pipeline. Any other exception is a failed attempt."""


class Retry(HandlerSignal):
    """The attempt failed; try again after ``after`` seconds (default: the group's back-off). Counts as an attempt.

    With ``at_least`` the group's back-off holds where it is longer: an endpoint that asks for a retry in a second each
    time must not use up every attempt within a minute.
    With ``counted=False`` it is a snooze: nothing has failed, it is too early; as often as the handler likes.
    """

    def __init__(
        self, message: str = "", *, after: timedelta | float | None = None, at_least: bool = False, counted: bool = True
    ) -> None:
        super().__init__(message or "the handler asked for a retry")
        if not counted and (after is None or at_least):
            raise ValueError("Retry(counted=False) needs after=..., and has no back-off to be at_least")
        self.at_least = at_least
        self.counted = counted
        self.after_seconds = None if after is None else span_in_seconds("Retry", after)


class PermanentError(HandlerSignal):
    """No attempt can succeed: the event becomes a dead letter at once, with this message."""


class FollowUpRefused(PermanentError):
    """A follow-up was asked for that there cannot be. The message says why, and has nothing of what was asked."""


class Unavailable(HandlerSignal):
    """The handler's backend is down: the group pauses for ``after`` seconds, and the attempt is not counted."""

    def __init__(self, message: str = "", *, after: timedelta | float = 10.0) -> None:
        super().__init__(message or "the handler's backend is unavailable")
        self.after_seconds = span_in_seconds("Unavailable", after)


def error_type(error: BaseException) -> str:
    """The name of an error's type, with its module unless that says nothing."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
