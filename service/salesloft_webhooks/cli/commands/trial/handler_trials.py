"""One attempt of a group's handlers at a recorded event, in this process: what `trial` does with one."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from salesloft_webhooks.cli.console import note, show
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.times import seconds_text

if TYPE_CHECKING:
    from salesloft_webhooks.events import Event
    from salesloft_webhooks.handlers.loading import LoadedGroup
    from salesloft_webhooks.handlers.one_attempt import Result
    from salesloft_webhooks.settings import Settings

FALLBACK_GROUP = "trial"
"""Of handlers of one's own where nobody has said which group they are for."""


def try_events(events: "Sequence[Event]", group: str, handlers: Sequence[str]) -> None:
    """Run the handlers once for each event and say how it ended. Ends the command with 1 when one failed.

    Nothing in the store changes; what the handlers do, they do.

    Raises:
        ConfigurationError: there is no such group, or its handlers cannot be loaded.
    """
    from salesloft_webhooks.handlers.loading import load_group
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.telemetry import configure_logging

    settings = Settings.load()
    configure_logging(settings, "trial")
    own = tuple(handlers) or settings.worker_handlers
    done = True
    for event in events:
        name = group or event.group or settings.worker_group or (FALLBACK_GROUP if own else "activity")
        done = _try(load_group(name, own, settings), replace(event, group=name), settings) and done
    if not done:
        raise typer.Exit(ExitCode.FAILED)


def _try(loaded: "LoadedGroup", event: "Event", settings: "Settings") -> bool:
    from salesloft_webhooks.handlers.one_attempt import Outcome, run_group

    if not loaded.routes_for(event.event_type):
        note(f"{event.event_id}: no handler of {loaded.name} takes {event.event_type}")
        return False
    began = time.monotonic()
    result = asyncio.run(run_group(loaded, event, settings))
    show(f"{event.event_id}: {_ending(result)} after {time.monotonic() - began:.2f} s in {loaded.name}")
    if result.error is not None:
        _explain(result.error)
    _show_follow_ups(result)
    return result.outcome in {Outcome.DONE, Outcome.FILTERED}


def _ending(result: "Result") -> str:
    after = "" if result.after_seconds is None else f" for {result.after_seconds:g} s"
    return f"{result.outcome}{after}{f' ({result.reason})' if result.reason else ''}"


def _show_follow_ups(result: "Result") -> None:
    """What a worker would let wait now, and what it would have cancelled."""
    for wanted in result.follow_ups:
        task = f" (task {wanted.task})" if wanted.task else ""
        show(f"  follow-up {wanted.key}{task} in {seconds_text(wanted.after_seconds)}")
    for key in result.cancelled:
        show(f"  cancels the follow-up {key}")


def _explain(error: BaseException) -> None:
    """What was raised, and by which line of the author's: not our stack."""
    from salesloft_webhooks.authors_line import authors_line
    from salesloft_webhooks.handlers.execution import leaves_of

    for each in leaves_of(error):
        show(f"  {type(each).__name__}: {each}")
        if line := authors_line(each):
            show(f"  {line}: {line.source}")
