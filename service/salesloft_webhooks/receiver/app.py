"""The application of the webhook port."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from salesloft_webhooks.delivery_outcomes import RequestRefusal
from salesloft_webhooks.receiver.health import Health
from salesloft_webhooks.receiver.responses import REFUSALS


class WebhookApp(Starlette):
    """POST on the given paths, GET and HEAD on the health path; everything else is 404 or 405.

    Args:
        endpoints: What answers the deliveries of a source, by the source's URL path. A slash more or less at the end
            makes no difference, unless there is a source for either.
        health: What load balancers ask. Its path may be a source's: the methods differ.
    """

    def __init__(self, endpoints: Mapping[str, ASGIApp], health: Health) -> None:
        endpoints = {_other_spelling(path): endpoint for path, endpoint in endpoints.items()} | dict(endpoints)
        super().__init__(
            routes=[Route(path, endpoint, methods=["POST"]) for path, endpoint in endpoints.items()],
            exception_handlers={
                RequestRefusal.NOT_FOUND.answer.status: _not_found,
                RequestRefusal.METHOD_NOT_ALLOWED.answer.status: _method_not_allowed,
            },
        )
        # A redirect would be followed by few senders, and with a GET by most of those.
        self.router.redirect_slashes = False
        self._endpoints = endpoints
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Deliveries go straight to their endpoint: Starlette's way there took 7 % of the CPU time of a delivery."""
        if scope["type"] == "http" and scope["method"] == "POST" and (endpoint := self._endpoints.get(scope["path"])):
            await endpoint(scope, receive, send)
        elif scope["type"] == "http" and self._health.is_asked(scope):
            await self._health(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _other_spelling(path: str) -> str:
    return path.removesuffix("/") or path if path.endswith("/") else path + "/"


async def _not_found(_request: Request, _exc: Exception) -> Response:
    return REFUSALS[RequestRefusal.NOT_FOUND]


async def _method_not_allowed(_request: Request, _exc: Exception) -> Response:
    return REFUSALS[RequestRefusal.METHOD_NOT_ALLOWED]
