"""Turns what handlers return into answers: HTML for people, JSON for programs, from the same values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from jinja2 import Environment
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from salesloft_webhooks.broker.entry_reference import Reference
from salesloft_webhooks.console.people import Person
from salesloft_webhooks.console.problems import RETRY_SECONDS, Problem
from salesloft_webhooks.console.programs import wants_json
from salesloft_webhooks.console.rendering import render
from salesloft_webhooks.console.routes import Done, Page, View

MESSAGE = "done"
"""The parameter of an address that names the act, by its audit entry, of which the page says what it did."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is on a page beside its own content.

    Attributes:
        person: Who looks; None: nobody is signed in.
        message: What they have just done; empty: nothing.
        stale_seconds: For how long the page's figures are what they were; None: they are new.
        problem: Why they are not new.
    """

    person: Person | None = None
    message: str = ""
    stale_seconds: float | None = None
    problem: str = ""


class Answers:
    """Makes them.

    Args:
        templates: The templates.
        navigation: The pages that the navigation names.
        challenge: What whoever is not signed in is asked for.
    """

    def __init__(self, templates: Environment, navigation: Sequence[Page], challenge: str) -> None:
        self._templates, self._navigation, self._challenge = templates, navigation, challenge

    def view(self, request: Request, view: View, around: Around) -> Response:
        """What a page shows."""
        if wants_json(request):
            return _json(view.values, view.status)
        return self._html(request, view, around)

    def problem(self, request: Request, problem: Problem, person: Person | None = None) -> Response:
        """What is said instead."""
        if wants_json(request):
            found = {"error": problem.title, "reason": problem.text}
            answer = _json(found, problem.status)
        else:
            view = View("problem.html", problem.title, {"problem": problem}, status=problem.status)
            answer = self._html(request, view, Around(person), refreshed=problem.again and request.method == "GET")
        if problem.again:
            answer.headers["retry-after"] = str(RETRY_SECONDS)
        if problem.status == 401:
            answer.headers["www-authenticate"] = self._challenge
        return answer

    def done(self, request: Request, done: Done, entry_id: str) -> Response:
        """What an action has done: the next page, which says it."""
        if wants_json(request):
            return _json({"message": done.message, "counts": done.counts, "run": done.run, "to": done.to}, 200)
        if not done.to.startswith("/") or done.to.startswith(("//", "/\\")):
            raise ValueError("the page behind an action is one of ours")
        address, mark, rest = done.to.partition("#")
        separator = "&" if "?" in address else "?"
        told = f"{address}{separator}{MESSAGE}={entry_id}" if entry_id and not done.silent else address
        return RedirectResponse(f"{told}{mark}{rest}", 303)

    def _html(self, request: Request, view: View, around: Around, *, refreshed: bool = False) -> Response:
        person = around.person
        values = {
            **_by_name(view.values),
            "title": view.title,
            "command": view.command,
            "buttons": view.buttons,
            "person": person,
            "around": around,
            "path": request.url.path,
            "navigation": [each for each in self._navigation if person is not None and person.may(each.needs)],
            "refresh_seconds": RETRY_SECONDS if refreshed or around.stale_seconds is not None else view.again_seconds,
        }
        text = render(self._templates, view.template, values)
        return Response(text, view.status, media_type="text/html")


def _by_name(values: Struct | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(values, Struct):
        return {name: getattr(values, name) for name in values.__struct_fields__}
    return values


def _json(values: Any, status: int) -> Response:
    return Response(msgspec.json.encode(values, enc_hook=_plain), status, media_type="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise NotImplementedError(f"a {type(value).__name__} is no plain value")
