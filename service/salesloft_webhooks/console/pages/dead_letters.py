"""Dead letters: what groups gave up on, by error with counts first, then letter by letter."""

import asyncio
from contextlib import aclosing, suppress
from datetime import datetime

from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker.administration.dead_letter_counts import ErrorCount
from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter, parse_handle
from salesloft_webhooks.broker.administration.dead_letter_look import looked_through
from salesloft_webhooks.broker.administration.error_classes import error_class
from salesloft_webhooks.broker.administration.scan import Span
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.letter_questions import REASONS, address, asked, command, pairs
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.routes import View, page
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.masked_text import masked_text

SHOWN = 50
COUNT_SECONDS = 0.06
"""The page waits so long for new counts; then it shows those there are, with their age."""
LIST_SECONDS = 0.5
"""It looks so long for letters that a filter wants, where few are."""


class Letter(Struct, frozen=True):
    """One letter: ids, times and what it died of, never its data.

    Attributes:
        handle: What to call it.
        event_id: Of the event.
        event_type: Of the event.
        entity_key: Whom it is about.
        reason: Why it died.
        error: Of what, without what may be personal.
        attempts: After how many attempts.
        died_at: When.
    """

    handle: str
    event_id: str
    event_type: str
    entity_key: str
    reason: str
    error: str
    attempts: int
    died_at: datetime


class DeadValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        errors: By group and class of error, the most frequent first.
        total: Letters that are counted.
        age_seconds: How old the counts are; None: they are not complete yet.
        counted: How many the count under way has seen; None: none is.
        letters: Of one group, the latest first; empty where no group is chosen.
        asked: What the address asks for, by field.
        groups: All groups there are.
        reasons: All reasons there are.
        more: Address of the next page of letters; empty: there is none.
        links: By group and error, the address of their letters.
        may_redrive: Whether whoever looks may.
        may_discard: Whether whoever looks may.
        all_of_it: Address on which all that match are redriven; empty: no group is chosen.
    """

    errors: list[ErrorCount]
    total: int
    age_seconds: float | None
    counted: int | None
    letters: list[Letter]
    asked: dict[str, str]
    groups: list[str]
    reasons: tuple[str, ...]
    more: str
    links: dict[str, str]
    may_redrive: bool
    may_discard: bool
    all_of_it: str


async def dead(request: Request, console: Console) -> View:
    """Errors with counts first; of a chosen group the letters, too."""
    choice = asked(lambda name: request.query_params.get(name, ""))
    counts, person = await console.dead.refresh(choice, seconds=COUNT_SECONDS), request.state.person
    letters, more = await _letters(console, choice, request.query_params.get("after", "")) if choice.group else ([], "")
    errors = counts.by_error(choice)
    values = DeadValues(
        errors=[_masked(row) for row in errors],
        total=sum(row.count for row in errors),
        age_seconds=counts.age_seconds,
        counted=counts.walked_through if counts.walking else None,
        letters=letters,
        asked=pairs(choice),
        groups=sorted(await group_names(console.store)),
        reasons=REASONS,
        more=address("/dead", choice, after=more) if more else "",
        links={f"{row.group}/{row.key}": _narrowed(choice, row) for row in errors},
        may_redrive=_may(person, Role.OPERATE),
        may_discard=_may(person, Role.DESTROY),
        all_of_it=address("/dead/confirm", choice) if choice.group else "",
    )
    return View("dead.html", "Dead letters", values, command("list", choice), buttons=_buttons(values, choice))


def _buttons(values: DeadValues, choice: DeadLetterFilter) -> dict[str, str]:
    """What the buttons do, where there are letters and they are shown."""
    if not values.letters:
        return {}
    found = {}
    if values.may_redrive:
        found["Try one first"] = command_line("dead redrive", values.letters[0].handle)
        found["Redrive all that match"] = command("redrive", choice)
        found["Redrive selected"] = command_line("dead redrive", "LETTER", "LETTER")
    if values.may_discard:
        found["Discard all that match"] = command("discard", choice)
        found["Discard selected"] = command_line("dead discard", "LETTER", "LETTER")
    return found


def _may(person: Person, role: Role) -> bool:
    return person.may(role)


def _narrowed(choice: DeadLetterFilter, row: ErrorCount) -> str:
    return address("/dead", choice, group=row.group, error=row.key)


def _masked(row: ErrorCount) -> ErrorCount:
    return ErrorCount(row.group, masked_text(row.error), row.key, row.count, row.reasons, row.types, row.newest)


async def _letters(console: Console, choice: DeadLetterFilter, after: str) -> tuple[list[Letter], str]:
    """A page of letters and the handle behind which the next begins; fewer where it takes too long to find more."""
    handle = parse_handle(after)
    span = Span(after=handle[1] if handle else None, newest_first=True)
    found, last = list[Letter](), ""
    walk = looked_through(console.store, choice.group, span)
    with suppress(TimeoutError):
        async with asyncio.timeout(LIST_SECONDS), aclosing(walk) as letters:
            async for one in letters:
                if choice.wants(one):
                    if len(found) == SHOWN:
                        return found, found[-1].handle
                    found.append(
                        Letter(
                            one.handle,
                            one.event_id,
                            one.event_type,
                            one.entity_key,
                            one.reason,
                            masked_text(error_class(one.error)),
                            one.attempts,
                            one.died_at,
                        )
                    )
                last = one.handle
            return found, ""
    return found, last


ROUTES = [page("/dead", dead, label="Dead letters")]
