"""Runs pages, actions and streams: who asks, may they, from where, what becomes of what fails."""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from salesloft_webhooks.background import LeftBehind
from salesloft_webhooks.broker.administration.audit import find_audited
from salesloft_webhooks.console.action_rate import ActionRate
from salesloft_webhooks.console.acts import Acts
from salesloft_webhooks.console.answers import MESSAGE, Answers, Around
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.event_stream import EventStream
from salesloft_webhooks.console.form import read_form
from salesloft_webhooks.console.last_known import LastKnown
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.problems import FAULT, problem_of
from salesloft_webhooks.console.programs import wants_json
from salesloft_webhooks.console.refusals import NotAllowed, NotFound, OtherSite, Unaudited
from salesloft_webhooks.console.routes import Action, Done, Page, Stream
from salesloft_webhooks.console.same_origin import comes_from_ours
from salesloft_webhooks.console.sign_in import SignIn
from salesloft_webhooks.console.stream_places import StreamPlaces
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.telemetry import ConsoleTelemetry, get_logger

PAGE_SECONDS = 3.0
"""A page that takes longer says so instead of hanging: it is counted beside it (`countings`), or is a run."""

Endpoint = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Request, Person], Awaitable[Response]]

log = get_logger(__name__)


@dataclass(slots=True)
class Endpoints:
    """Makes what Starlette's routes call.

    Attributes:
        console: What handlers are given.
        sign_in: Finds out who asks.
        answers: Makes answers.
        acts: Writes down what is done.
        known: What pages showed last.
        rate: How often people act.
        telemetry: Who is told.
    """

    console: Console
    sign_in: SignIn
    answers: Answers
    acts: Acts
    known: LastKnown
    rate: ActionRate
    telemetry: ConsoleTelemetry
    _running: LeftBehind = field(default_factory=LeftBehind)
    _places: StreamPlaces = field(init=False)

    def __post_init__(self) -> None:
        self._places = StreamPlaces(self.telemetry.streams)

    def page(self, page: Page) -> Endpoint:
        """The endpoint of a page."""

        async def answer(request: Request, person: Person) -> Response:
            address = f"{','.join(sorted(person.roles))} {request.url.path}?{request.url.query}"
            try:
                view = await self._running.result(page.handler(request, self.console), PAGE_SECONDS)
            except (StoreError, TimeoutError) as exc:
                known, problem = self.known.of(address), problem_of(exc)
                if known is None or problem is None or wants_json(request):
                    raise
                seconds = self.console.now() - known.at
                around = Around(person, stale_seconds=seconds, problem=f"{problem.title}: {exc}".strip(": "))
                return self.answers.view(request, known.view, around)
            self.known.keep(address, view)
            return self.answers.view(request, view, Around(person, message=await self._message(request, person)))

        return self._guarded(answer, page)

    def action(self, action: Action) -> Endpoint:
        """The endpoint of an action."""

        async def answer(request: Request, person: Person) -> Response:
            form = await read_form(request)
            async with self.acts.writing(action, form, person) as written:
                self.rate.count(person, bulk=action.bulk)
                done = await self._running.result(action.handler(form, self.console, person), action.seconds)
                if isinstance(done, Done):
                    written.done = done
            if isinstance(done, Done):
                return self.answers.done(request, done, written.entry_id)
            if action.needs is Role.REVEAL and not written.entry_id:
                raise Unaudited("What is revealed has to be in the audit, which cannot be written")
            return self.answers.view(request, done, Around(person))

        return self._guarded(answer, action)

    def stream(self, stream: Stream) -> Endpoint:
        """The endpoint of a stream."""

        async def answer(request: Request, person: Person) -> Response:
            self._places.make_room(person.name)
            place = self._places.taken(person.name)
            return EventStream(stream.handler(request, self.console), self.console.stopping, place)

        return self._guarded(answer, stream)

    def _guarded(self, answer: Answer, route: Page | Action | Stream) -> Endpoint:
        async def checked(request: Request) -> Response:
            person: Person | None = None
            try:
                person = request.state.person = await self._person(request)
                self._check(request, person, route.needs)
                return await answer(request, person)
            except Exception as exc:
                if (problem := problem_of(exc, acting=isinstance(route, Action))) is None:
                    log.exception("console.failed", route=route.path)
                return self.answers.problem(request, problem or FAULT, person)

        async def endpoint(request: Request) -> Response:
            began = time.monotonic()
            found = await checked(request)
            seconds = None if isinstance(route, Stream) else time.monotonic() - began
            self.telemetry.answered(route.path, found.status_code, seconds)
            return found

        return endpoint

    async def _person(self, request: Request) -> Person:
        person = await self.sign_in.person(request)
        if self.console.settings.console_reveal:
            return person
        return Person(person.name, person.roles - {Role.REVEAL})

    def _check(self, request: Request, person: Person, needs: Role) -> None:
        if not (comes_from_ours(request) or self._proven(request)):
            raise OtherSite("That came from a page of another site")
        if not person.may(needs):
            raise NotAllowed(person, needs)

    def _proven(self, request: Request) -> bool:
        """Whether it comes from no page at all, and proves by itself who sends it."""
        from_page = {"origin", "sec-fetch-site"} & set(request.headers)
        return not from_page and self.sign_in.carries_own_proof(request)

    async def _message(self, request: Request, person: Person) -> str:
        """What the person has just done, if that is what the address says."""
        if not (entry_id := request.query_params.get(MESSAGE, "")):
            return ""
        with suppress(StoreError, NotFound):
            act = await find_audited(self.console.store, entry_id)
            if act is not None and act.who == person.name:
                return act.message
        return ""
