"""What the operator's looks, changes and watches end with: the closed sets of their label values."""

from enum import StrEnum


class ReconcileResult(StrEnum):
    """How a look at one declared object ended."""

    SETTLED = "settled"
    """Everything is as declared."""
    PROGRESSING = "progressing"
    """Something was changed, or time has to pass: there will be another look soon."""
    BLOCKED = "blocked"
    """What it needs is missing or refused (a Secret, a key, the token, the declaration itself): somebody has to act."""
    FAILED = "failed"
    """SalesLoft, Redis or the API server did not answer, or not as they should: it is tried again by itself."""


class SubscriptionChange(StrEnum):
    """What was changed at SalesLoft."""

    CREATED = "created"
    """A subscription was missing."""
    ENABLED = "enabled"
    """One was switched off: by SalesLoft, which does that when deliveries fail, or by hand."""
    DELETED = "deleted"
    """One of ours is not wanted any more."""


class WatchEnd(StrEnum):
    """Why a watch of the API server was begun again."""

    ENDED = "ended"
    """The server ended it, as it does every few minutes."""
    EXPIRED = "expired"
    """410: it was behind by more than the server remembers."""
    FAILED = "failed"
    """No connection, or it broke, or an answer that cannot be read."""
    SILENT = "silent"
    """Nothing came for so long that the connection may be dead without saying so."""
