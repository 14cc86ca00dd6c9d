"""Every way a delivery or a request can end, one row each: answer, metric label, log event, meaning.

The receiver answers from these rows, the HTTP server what never reaches it, telemetry counts, traces and logs by them,
and ``docs/answers.md`` lists them (``make docs``). Nothing else states a status or a body.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Self

from salesloft_webhooks.errors import (
    NotDurable,
    RejectionReason,
    StoreError,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    UnreadableReason,
)

MESSAGE = "..."
"""In a body: stands for a message about this one delivery."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back.

    Attributes:
        status: The HTTP status.
        content: The body, as JSON. It says nothing about why, but to a sender that is proven (`MESSAGE`).
        retry_after: Whether ``Retry-After`` asks for the same again after ``RETRY_AFTER_SECONDS``.
        closes: Whether the connection ends with it. Unauthenticated clients get none to keep: it would hold memory and
            a file descriptor for minutes.
        allow: The ``Allow`` field.
    """

    status: int
    content: Mapping[str, object]
    retry_after: bool = False
    closes: bool = False
    allow: str = ""

    @property
    def body(self) -> bytes:
        """The content as it is sent."""
        return json.dumps(self.content, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def phrase(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def headers(self, retry_after_seconds: int | None = None) -> dict[str, str]:
        """The fields beside those of the body, names in lower case.

        Args:
            retry_after_seconds: For an answer with ``retry_after``.
        """
        fields = {"allow": self.allow} if self.allow else {}
        if self.retry_after:
            fields["retry-after"] = str(retry_after_seconds)
        return fields | ({"connection": "close"} if self.closes else {})


def _error(status: int, text: str, **fields: Any) -> Answer:
    return Answer(status, {"error": text}, **fields)


_NOT_STORED = _error(503, "Not stored, try again later", retry_after=True)
_NOT_SWAPPED = _error(503, "The links cannot be swapped, try again later", retry_after=True)
_REJECTED = _error(401, "Invalid signature", closes=True)
_TOO_LARGE = _error(413, "The body is too large", closes=True)
_TOO_SLOW = _error(408, "The body took too long to arrive", closes=True)


class DeliveryOutcome(StrEnum):
    """What became of one delivery: its metric label, with its row.

    Attributes:
        answer: What its sender gets; None: nothing.
        log_event: The event in the log; empty: none.
        reasons: What the metric and the log tell apart within it.
        store_error: The failure of the store that ends in it.
    """

    answer: Answer | None
    log_event: str
    reasons: type[StrEnum] | None
    store_error: type[StoreError] | None

    def __new__(
        cls,
        value: str,
        answer: Answer | None,
        log_event: str,
        reasons: type[StrEnum] | None = None,
        store_error: type[StoreError] | None = None,
    ) -> Self:
        """A member from its row."""
        self = str.__new__(cls, value)
        self._value_ = value
        self.answer, self.log_event, self.reasons, self.store_error = answer, log_event, reasons, store_error
        return self

    STORED = "stored", Answer(200, {"received": True}), "delivery.stored"
    """200: new, and durable at the configured level."""
    DUPLICATE = "duplicate", Answer(200, {"status": "already_processed"}), "delivery.stored"
    """200: the event id was already known."""
    LINK_SWAP = "link_swap", Answer(200, {"links": MESSAGE}), ""
    """200: a `link_swap`, answered with each of its links: see `LINK_SWAP_URL`."""
    NOT_SWAPPED = "not_swapped", _NOT_SWAPPED, ""
    """503: a `link_swap` for which there are no links, where `LINK_SWAP_ON_FAILURE` is `error`."""
    REJECTED = "rejected", _REJECTED, "delivery.rejected", RejectionReason
    """401: not proven to come from the source."""
    UNREADABLE = "unreadable", _error(400, MESSAGE), "delivery.unreadable", UnreadableReason
    """400: signed, but not an event; kept in quarantine."""
    TOO_LARGE = "too_large", _TOO_LARGE, "delivery.refused"
    """413: the body exceeds the limit."""
    TOO_SLOW = "too_slow", _TOO_SLOW, "delivery.refused"
    """408: the body did not arrive in time."""
    OVERLOADED = "overloaded", replace(_NOT_STORED, closes=True), "delivery.refused"
    """503: not read, because the bodies in work already hold as much memory as they may."""
    STORE_UNAVAILABLE = "store_unavailable", _NOT_STORED, "delivery.refused", None, StoreUnavailable
    """503: Redis is unreachable, too slow, loading or failing over."""
    STORE_FULL = "store_full", _NOT_STORED, "delivery.refused", None, StoreFull
    """503: Redis uses what it may, or the backlog is over its limit."""
    NOT_DURABLE = "not_durable", _NOT_STORED, "delivery.refused", None, NotDurable
    """503: written, but not confirmed at the configured durability level in time."""
    STORE_REFUSED = "store_refused", _NOT_STORED, "delivery.refused", None, StoreRefused
    """503: Redis refuses what this one delivery would write, and takes others. The log has the server's words."""
    DISCONNECTED = "disconnected", None, ""
    """No answer: the client left before its body was complete."""
    ERROR = "error", _NOT_STORED, "delivery.failed"
    """503: a defect of ours. Always worth a look at the logs."""

    @property
    def status(self) -> int:
        """The status of the answer; 0 without one."""
        return self.answer.status if self.answer else 0

    @classmethod
    def of_store(cls, error: StoreError) -> "DeliveryOutcome":
        """The outcome that a failed store operation ends in."""
        kinds = (each for each in cls if each.store_error is not None and isinstance(error, each.store_error))
        return next(kinds, cls.STORE_UNAVAILABLE)


class RequestRefusal(StrEnum):
    """How a request is answered that is no delivery. Neither counted nor logged: it is the internet's noise."""

    answer: Answer

    def __new__(cls, value: str, answer: Answer) -> Self:
        """A member from its row."""
        self = str.__new__(cls, value)
        self._value_ = value
        self.answer = answer
        return self

    NOT_FOUND = "not_found", _error(404, "Not found", closes=True)
    """404: no source has this path."""
    METHOD_NOT_ALLOWED = "method_not_allowed", _error(405, "Method not allowed", closes=True, allow="POST")
    """405: a source has this path, and takes POST only."""
    NOT_HTTP = "not_http", _error(400, "Not an HTTP request we can read", closes=True)
    """400: no HTTP/1.0 or 1.1, or something that two readers may understand differently."""
    HEAD_TOO_LARGE = "head_too_large", _error(431, "The header is too large", closes=True)
    """431: more than 16 KiB, or more than 100 fields."""


class HealthAnswer(StrEnum):
    """How GET and HEAD are answered at ``HEALTH_PATH``. Neither counted nor logged, and no store is asked."""

    answer: Answer

    def __new__(cls, value: str, answer: Answer) -> Self:
        """A member from its row."""
        self = str.__new__(cls, value)
        self._value_ = value
        self.answer = answer
        return self

    SERVING = "serving", Answer(200, {"status": "ok"}, closes=True)
    """200: deliveries are taken here, whatever becomes of them."""
    LEAVING = "leaving", Answer(503, {"status": "leaving"}, closes=True)
    """503: deliveries are still taken, and the next ones should go elsewhere: the process was told to end."""
