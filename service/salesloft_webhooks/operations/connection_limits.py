"""What the connections of a port may cost all together, each and in number."""

from msgspec import Struct, field

from salesloft_webhooks.operations.file_limit import connection_limit
from salesloft_webhooks.operations.memory_budget import MemoryBudget


class ConnectionLimits(Struct, frozen=True):
    """The limits of one port.

    Attributes:
        budget: What its connections and everything else unfinished in the process may hold together.
        connections: How many connections there may be; by default what the limit of open files leaves room for.
        head_timeout_seconds: How long the head of a request may take to arrive, and an answer to be taken.
        keeps_senders_only: Whether the application closes every connection but those of proven senders. Those are kept
            the longest when connections or memory run short.
        retry_after_seconds: ``Retry-After`` of the 503 to a body that is given up for want of memory.
    """

    budget: MemoryBudget
    connections: int = field(default_factory=connection_limit)
    head_timeout_seconds: float = 10.0
    keeps_senders_only: bool = False
    retry_after_seconds: int = 10
