"""What people are told when a request is not answered as it was meant: a status, a sentence, and what to do."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException

from salesloft_webhooks.broker.administration.erasure import ErasedInPart
from salesloft_webhooks.broker.administration.runs import TooManyRuns
from salesloft_webhooks.console.refusals import (
    FormRefused,
    NotAllowed,
    NotFound,
    NotSignedIn,
    OtherSite,
    RequestRefused,
    TooMany,
    TooOften,
    Unaudited,
)
from salesloft_webhooks.errors import StoreError, StoreRefused

RETRY_SECONDS = 5
"""After so long a page that could not be had is asked for again."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a page says instead.

    Attributes:
        status: Of the answer.
        title: In a few words.
        text: Why.
        advice: What to do.
        again: Whether it may well be over in a moment.
    """

    status: int
    title: str
    text: str
    advice: str = ""
    again: bool = False


_REFUSED: dict[type[RequestRefused | TooManyRuns | ErasedInPart], tuple[int, str, str]] = {
    FormRefused: (400, "That form cannot be read", "Go back, and send it again."),
    ErasedInPart: (503, "Not erased to its end", "What was erased stays so."),
    Unaudited: (503, "It could not be written down", "Try again when the store takes writes."),
    NotSignedIn: (401, "Nobody is signed in", "Open the console by the address of its sign-in."),
    NotAllowed: (403, "Not allowed", "Whoever runs the console gives roles to names in CONSOLE_ROLES_FILE."),
    OtherSite: (403, "Not from here", "Open the page of the console, and press the button there."),
    TooManyRuns: (409, "Not now", "They are on the page of runs."),
    NotFound: (404, "Not found", "Perhaps it is not kept any more."),
    TooOften: (429, "Too often", "What is many belongs in one bulk action, which is one."),
    TooMany: (503, "Too many at once", "Try again in a moment."),
}


def problem_of(error: Exception, *, acting: bool = False) -> Problem | None:
    """What is said about an error; None where it is a fault of ours that nobody has thought of.

    Args:
        error: The error.
        acting: Whether it comes from an action, which may have been done all the same when its answer is lost. Nobody
            is told to repeat it.
    """
    match error:
        case RequestRefused() | TooManyRuns() | ErasedInPart():
            return _refused(error)
        case TimeoutError() | StoreError() if acting:
            return _not_done(error)
        case TimeoutError():
            words = "It takes longer than a page may take."
            return Problem(503, "The store is slow", words, "This page tries again by itself.", again=True)
        case StoreError():
            words = f"Nothing can be had of it: {str(error).rstrip('.')}."
            return Problem(503, "The store does not answer", words, "This page tries again by itself.", again=True)
        case HTTPException():
            words = "There is no page at this address that takes such a request."
            return Problem(error.status_code, "Not found", words)
        case _:
            return None


def _refused(error: RequestRefused | TooManyRuns | ErasedInPart) -> Problem:
    status, title, advice = next(row for kind, row in _REFUSED.items() if isinstance(error, kind))
    known = f"You are signed in as {error.person.name}: " if isinstance(error, NotAllowed) else ""
    return Problem(status, title, f"{known}{error}.", advice)


def nobody_knows(error: Exception) -> bool:
    """Whether an action that ended so may have been done all the same, or a part of it."""
    return isinstance(error, TimeoutError | StoreError) and not isinstance(error, StoreRefused)


def _not_done(error: TimeoutError | StoreError) -> Problem:
    if not nobody_knows(error):
        return Problem(503, "The store refuses it", f"{error}.")
    why = str(error).rstrip(".") or "it takes longer than an action may take"
    words = f"Nothing of it was done, or a part, or all of it, and only the answer is missing: {why}."
    return Problem(503, "The store has not confirmed it", words, "Look how far it came before you do it again.")


FAULT = Problem(500, "A fault of the console", "Something failed that nobody has thought of.", "Its log says what.")
