"""What load balancers ask on the webhook port, the only one that they can reach: may deliveries be sent here?

The probes of the operations port say more, to the cluster. Here strangers ask as well, so the answer is made of nothing
but whether the process was told to end. Not of the store: without one a delivery is answered 503 with ``Retry-After``,
which its sender understands, while a load balancer that has taken all its targets out answers with an error of its own.
"""

from starlette.types import Receive, Scope, Send

from salesloft_webhooks.delivery_outcomes import HealthAnswer
from salesloft_webhooks.receiver.in_flight import InFlightDeliveries
from salesloft_webhooks.receiver.responses import UnreadBodyResponse

_METHODS = {"GET", "HEAD"}
_ANSWERS = {each: UnreadBodyResponse(each.answer) for each in HealthAnswer}


class Health:
    """Answers GET and HEAD on one path.

    Args:
        path: The path, compared as it is; what is none, such as ``off``, is never asked for.
        in_flight: Knows whether the process is about to end.
    """

    def __init__(self, path: str, in_flight: InFlightDeliveries) -> None:
        self._path = path
        self._in_flight = in_flight

    def is_asked(self, scope: Scope) -> bool:
        """Whether a request is for us."""
        return scope["path"] == self._path and scope["method"] in _METHODS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one."""
        answer = HealthAnswer.LEAVING if self._in_flight.draining else HealthAnswer.SERVING
        await _ANSWERS[answer](scope, receive, send)
