"""What a page, an action and a stream are. Each module of ``pages`` says in its list ``ROUTES`` which it has.

A page looks and never changes anything; it is there as HTML and, below ``/api/v1``, as JSON. An action changes
something: it is a form that is posted, needs a role, and is written down in the audit. A stream tells of what happens
while somebody looks.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role

ACTION_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows.

    Attributes:
        template: File in ``templates``; extends ``layout.html``.
        title: Of the page; its ``h1`` and what the browser's tab says.
        values: What the template has, by name; as JSON, the document. Plain values only, personal data masked.
        command: The command line that shows or does the same; empty: there is none.
        status: Of the answer.
        once: Whether it may be shown once only: with personal data, it is not kept for an outage.
        buttons: By the label of a button, the command line that does the same. One whose page's `command` is that, as
            after a question with one answer, is not named again.
        again_seconds: After so long the browser asks for it again by itself; None: it does not.
    """

    template: str
    title: str
    values: Struct | Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    status: int = 200
    once: bool = False
    buttons: Mapping[str, str] = field(default_factory=dict)
    again_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What an action has done.

    Attributes:
        message: For whoever did it, and for the audit: without personal data.
        to: The page that is shown next, as a path of ours with its query.
        counts: How many of what, for the audit.
        run: The id of the bulk work that it began; empty: none.
        silent: Whether the next page does not say it: what it shows says it all.
    """

    message: str
    to: str
    counts: Mapping[str, int] = field(default_factory=dict)
    run: str = ""
    silent: bool = False


PageHandler = Callable[[Request, Console], Awaitable[View]]
ActionHandler = Callable[[Form, Console, Person], Awaitable[Done | View]]
StreamHandler = Callable[[Request, Console], AsyncGenerator[str]]


@dataclass(frozen=True, slots=True)
class Page:
    """See `page`."""

    path: str
    handler: PageHandler
    label: str
    needs: Role


@dataclass(frozen=True, slots=True)
class Action:
    """See `action`."""

    path: str
    handler: ActionHandler
    needs: Role
    act: str
    audited: tuple[str, ...]
    bulk: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Stream:
    """See `stream`."""

    path: str
    handler: StreamHandler
    needs: Role


Routes = Sequence[Page | Action | Stream]


def page(path: str, handler: PageHandler, *, label: str = "", needs: Role = Role.VIEW) -> Page:
    """A page.

    Args:
        path: With ``{name}`` for what `Request.path_params` has.
        handler: Makes it; whatever it raises of ours becomes a page that says so.
        label: In the navigation; empty: it is not in it.
        needs: Who may see it.
    """
    return Page(path, handler, label, needs)


def action(
    path: str,
    handler: ActionHandler,
    *,
    needs: Role,
    act: str,
    audited: Sequence[str] = (),
    bulk: bool = False,
    seconds: float = ACTION_SECONDS,
) -> Action:
    """An action.

    Args:
        path: Where its form is posted to.
        handler: Does it. A `View` instead of `Done` is shown as it is (what is revealed; a form with what is wrong).
        needs: Who may do it.
        act: What the audit calls it: ``redrive``.
        audited: The fields of the form and of the path whose values the audit keeps: never one with personal data.
        bulk: Whether it may concern many events at once: then one person may do it less often.
        seconds: What takes longer is ended. What takes long by nature is a run, with a page of its own.
    """
    return Action(path, handler, needs, act, tuple(audited), bulk, seconds)


def stream(path: str, handler: StreamHandler, *, needs: Role = Role.VIEW) -> Stream:
    """A stream: each text that the handler yields is put on top of the element that names the path (``data-stream``).

    Args:
        path: Where it is.
        handler: Yields pieces of HTML, escaped; ends when it likes. It is closed when nobody looks or the role ends.
        needs: Who may look.
    """
    return Stream(path, handler, needs)
