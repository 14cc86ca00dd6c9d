"""The application of the webhook port."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from salesloft_webhooks.receiver import answers


def webhook_app(endpoints: Mapping[str, ASGIApp]) -> Starlette:
    """POST on the given paths; everything else is 404 or 405.

    Args:
        endpoints: What answers the deliveries of a source, by the source's URL path.
    """
    app = Starlette(
        routes=[Route(path, endpoint, methods=["POST"]) for path, endpoint in endpoints.items()],
        exception_handlers={404: _not_found, 405: _method_not_allowed},
    )
    # A redirect would be followed by few senders, and with a GET by most of those.
    app.router.redirect_slashes = False
    return app


async def _not_found(_request: Request, _exc: Exception) -> Response:
    return answers.NOT_FOUND


async def _method_not_allowed(_request: Request, _exc: Exception) -> Response:
    return answers.METHOD_NOT_ALLOWED
