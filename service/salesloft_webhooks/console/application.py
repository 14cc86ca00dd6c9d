"""The application of the console's port: every page, action and stream that a module of ``pages`` lists."""

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from salesloft_webhooks.console import pages
from salesloft_webhooks.console.action_rate import ActionRate
from salesloft_webhooks.console.acts import Acts
from salesloft_webhooks.console.answers import Answers
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.endpoints import Endpoints
from salesloft_webhooks.console.headers import WithHeaders
from salesloft_webhooks.console.last_known import LastKnown
from salesloft_webhooks.console.people import Role
from salesloft_webhooks.console.problems import FAULT, problem_of
from salesloft_webhooks.console.programs import API
from salesloft_webhooks.console.refusals import NotFound, RequestRefused
from salesloft_webhooks.console.rendering import templates
from salesloft_webhooks.console.routes import Action, Page, Routes, Stream
from salesloft_webhooks.console.sign_in import SignIn
from salesloft_webhooks.console.static_files import StaticFiles
from salesloft_webhooks.telemetry import ConsoleTelemetry

ORDER = (
    *("/", "/events", "/follow-ups", "/dead", "/quarantine", "/groups"),
    *("/replay", "/runs", "/subscriptions", "/backfill", "/audit"),
)
"""Of the navigation: as an event goes, then what is done about it. What is not named here comes last."""


def all_routes() -> Routes:
    """What every module of ``pages`` lists."""
    found: list[Page | Action | Stream] = []
    for module in iter_modules(pages.__path__):
        found += import_module(f"{pages.__name__}.{module.name}").ROUTES
    return found


def navigation(routes: Routes) -> list[Page]:
    """The pages that have a label, in their order."""
    labelled = [each for each in routes if isinstance(each, Page) and each.label]
    position = {path: number for number, path in enumerate(ORDER)}
    return sorted(labelled, key=lambda each: (position.get(each.path, len(ORDER)), each.path))


def application(console: Console, sign_in: SignIn, routes: Routes) -> ASGIApp:
    """The application.

    Args:
        console: What handlers are given.
        sign_in: Finds out who asks.
        routes: What there is.
    """
    static_files = StaticFiles()
    answers = Answers(templates(static_files), navigation(routes), sign_in.challenge)
    settings, telemetry = console.settings, ConsoleTelemetry()
    rate = ActionRate(settings.console_actions_per_minute, settings.console_bulk_actions_per_minute)
    acts = Acts(console.store, telemetry)
    endpoints = Endpoints(console, sign_in, answers, acts, LastKnown(console.now), rate, telemetry)
    if not settings.console_reveal:  # not only refused: there is nothing there that could be wrong
        routes = [each for each in routes if each.needs is not Role.REVEAL]

    async def refused(request: Request, error: Exception) -> Response:
        person = None
        with suppress(RequestRefused):  # a wrong address is no secret, but whoever is known keeps the navigation
            person = await sign_in.person(request)
        return answers.problem(request, problem_of(error) or FAULT, person)

    static = [Route("/static/{name}", static_files.answer), Route("/favicon.ico", static_files.answer)]
    app = Starlette(
        routes=[*static, *_served(endpoints, routes)],
        exception_handlers={HTTPException: refused, NotFound: refused},
    )
    app.router.redirect_slashes = False
    return WithHeaders(app)


def _served(endpoints: Endpoints, routes: Routes) -> Iterator[BaseRoute]:
    # What stands in a path must not take the place of a name: `/events/live` is not the event "live".
    for each in sorted(routes, key=lambda route: route.path.count("{")):
        match each:
            case Page():
                endpoint = endpoints.page(each)
                yield Route(each.path, endpoint, methods=["GET"])
                yield Route(API + each.path, endpoint, methods=["GET"])
            case Action():
                endpoint = endpoints.action(each)
                yield Route(each.path, endpoint, methods=["POST"])
                yield Route(API + each.path, endpoint, methods=["POST"])
            case Stream():
                yield Route(each.path, endpoints.stream(each), methods=["GET"])
