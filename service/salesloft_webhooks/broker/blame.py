"""What a failed group commit failed by: the server, its promise, what was written, or the connection."""

from enum import Enum, auto

from redis.exceptions import BusyLoadingError, ConnectionError, DataError, ResponseError  # noqa: A004 - redis-py's

from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.errors import NotDurable, StoreError, StoreFull

STATES = frozenset(
    {"NOREPLICAS", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "UNKILLABLE", "BUSY", "NOAUTH", "DENIED", "WAIT", "WAITAOF"}
)
"""First words of errors about the server and not about what was sent, beyond those redis-py has classes for."""


class Blame(Enum):
    """What a failed call failed by."""

    SERVER = auto()
    """The state of the server: the same call may succeed later."""
    PROMISE = auto()
    """What the server has or promises is not enough: nobody of the batch can be served now."""
    CONTENT = auto()
    """Something in the call."""
    CONNECTION = auto()
    """The connection broke although the server answers: a restart, or its answer to a call it cannot read."""


async def blame_for(error: Exception, store: Store, partition: int) -> Blame:
    """What a call that wrote to a partition failed by; asks the server whether it is there where that decides."""
    if isinstance(error, StoreFull | NotDurable):
        return Blame.PROMISE
    if not isinstance(error, StoreError):
        return Blame.CONTENT  # it cannot even be sent, text that is no Unicode for one
    cause = error.__cause__
    if isinstance(cause, DataError) or (type(cause) is ResponseError and str(cause).split(" ")[0] not in STATES):
        return Blame.CONTENT
    broken = isinstance(cause, ConnectionError | OSError) and not isinstance(cause, BusyLoadingError | TimeoutError)
    return Blame.CONNECTION if broken and await _answers(store, partition) else Blame.SERVER


async def _answers(store: Store, partition: int) -> bool:
    try:
        with translated():
            await store.client.exists(store.keys.events(partition))
    except StoreError:
        return False
    return True
