"""The application of the operations port: is it alive, is it ready, what does it measure."""

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from salesloft_webhooks.telemetry import render_metrics

Probe = Callable[[], str | None]
"""Answers at once, from memory: None when all is well, else one line that says what is not."""


def probes_app(*, live: Probe, ready: Probe) -> Starlette:
    """`/livez` and `/readyz` answer 200 ``ok``, or 503 and the probe's reason; `/metrics` is for Prometheus."""

    async def livez(_request: Request) -> Response:
        return _probe_answer(live())

    async def readyz(_request: Request) -> Response:
        return _probe_answer(ready())

    rendering = asyncio.Lock()

    async def metrics(_request: Request) -> Response:
        async with rendering:  # one at a time, and the role's own work in between, however many ask
            body, content_type = render_metrics()
            await asyncio.sleep(0)
        # As a header, not as `media_type`: Starlette would append a second charset to the format's own.
        return Response(body, headers={"content-type": content_type})

    app = Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)])
    app.router.redirect_slashes = False
    return app


def _probe_answer(problem: str | None) -> Response:
    if problem is None:
        return PlainTextResponse("ok\n")
    return PlainTextResponse(f"{problem}\n", status_code=503)
