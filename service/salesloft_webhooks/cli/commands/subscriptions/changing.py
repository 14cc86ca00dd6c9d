"""What the changing commands share: run the rounds, say what was done, end with the exit code that it deserves."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

import typer

from salesloft_webhooks.cli.commands.subscriptions.drift import document, say_state
from salesloft_webhooks.cli.commands.subscriptions.rounds import DONE, FAILED, Tally
from salesloft_webhooks.cli.commands.subscriptions.session import Session, with_session
from salesloft_webhooks.cli.console import complain, described, note, show, show_json
from salesloft_webhooks.cli.exit_codes import ExitCode, last_words
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.errors import SalesloftError

Act = Callable[[Session, Tally], Awaitable[None]]
COLUMNS = ("CHANGE", "EVENT", "ID", "OUTCOME", "ERROR")


def change(path: Path, act: Act, *, as_json: bool, removing: bool = False) -> NoReturn:
    """Do what ``act`` does, which counts what became of it, and report."""
    tally = Tally()

    async def work(session: Session) -> None:
        from salesloft_webhooks.subscriptions import Memory

        # More than a few that are missing are believed to be so when a second list says it.
        session.memory = Memory(established=True)
        await act(session, tally)

    code, error = ExitCode.OK, ""
    try:
        with_session(path, work, removing=removing)
        if not as_json and tally.look is not None:
            say_state(tally.look)
    except SalesloftError as exc:
        error, code = last_words(exc)
    except typer.Exit:
        if tally.done:
            note(f"before that: {_sentence(tally)}")
        raise
    except KeyboardInterrupt:
        note(f"interrupted: {_sentence(tally)}; run it again to go on")
        raise
    if not tally.complete:
        error = error or tally.problem
        code = ExitCode.PARTLY if tally.done else code or ExitCode.FAILED
    _report(tally, error, as_json=as_json)
    raise typer.Exit(code)


def _sentence(tally: Tally) -> str:
    """``created 2, deleted 1``."""
    kinds = [row.action for row in tally.done]
    counts = [f"{kind}d {kinds.count(kind)}" for kind in ("create", "enable", "delete") if kind in kinds]
    return ", ".join(counts) or "nothing was changed"


def _report(tally: Tally, error: str, *, as_json: bool) -> None:
    if as_json:
        changes = [
            {**described(row, without=("enabled",)), "outcome": became, "error": tally.errors.get(row)}
            for row, became in tally.changes.items()
        ]
        show_json({"changes": changes, "complete": tally.complete, "error": error or None, "state": _state(tally)})
    elif any(became != DONE for became in tally.changes.values()):
        show_table(COLUMNS, _cells(tally), numbers=("ID",), cut=("ERROR",))
    else:
        show(_sentence(tally))
    if error:
        complain(error)


def _state(tally: Tally) -> dict[str, object] | None:
    """What the last look has shown; None if there was none."""
    return None if tally.look is None else document(tally.look)


def _cells(tally: Tally) -> list[tuple[object, ...]]:
    return [
        (row.action, row.event, row.id or "-", became, tally.errors.get(row, "-") if became == FAILED else "-")
        for row, became in tally.changes.items()
    ]
