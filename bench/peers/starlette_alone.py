"""uvicorn and Starlette alone: a route, the body read, the answer. What remains of a receiver without its work."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ANSWER = b'{"received":true}'


async def webhook(request: Request) -> Response:
    """Take one delivery, and do nothing with it."""
    await request.body()
    return Response(ANSWER, media_type="application/json")


app = Starlette(routes=[Route("/webhooks/salesloft", webhook, methods=["POST"])])
