"""Whether the store answers: a piece of every page, which asks for it again and again."""

from starlette.requests import Request

from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.routes import View, page


async def store_state(_request: Request, console: Console) -> View:
    """What a page says above its content while the store is away."""
    state = console.state
    return View("store_state.html", "Store", {"problem": state.problem, "seconds": state.seconds}, once=True)


ROUTES = [page("/store-state", store_state)]
