"""Writes down what people do: one line in the log, one entry in the audit, whatever becomes of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.audit import Act, write_audit
from salesloft_webhooks.broker.administration.erasure import ErasedInPart
from salesloft_webhooks.broker.administration.runs import TooManyRuns
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person
from salesloft_webhooks.console.problems import nobody_knows
from salesloft_webhooks.console.refusals import RequestRefused, TooOften
from salesloft_webhooks.console.routes import Action, Done
from salesloft_webhooks.errors import StoreError, error_type
from salesloft_webhooks.masked_text import without_addresses
from salesloft_webhooks.telemetry import ConsoleTelemetry, get_logger

log = get_logger(__name__)


@dataclass(slots=True)
class Written:
    """What is to be written down about an act.

    Attributes:
        done: What it has done, once it has.
        entry_id: Of the audit's entry, when it is written; empty: it could not be.
    """

    done: Done | None = None
    entry_id: str = ""


class Acts:
    """Writes down acts.

    Args:
        store: Where the audit is.
        telemetry: Who is told.
    """

    def __init__(self, store: Store, telemetry: ConsoleTelemetry) -> None:
        self._store, self._telemetry = store, telemetry

    @asynccontextmanager
    async def writing(self, action: Action, form: Form, person: Person) -> AsyncIterator[Written]:
        """What is done inside is written down behind it, also if it fails."""
        # What is cut off by the end of the role is neither done nor refused: nobody knows how far it came.
        written, outcome, done = Written(), "interrupted", Done("the console ended meanwhile", "")
        repeated = False
        try:
            yield written
            outcome, done = "done", written.done or Done("", "")
        except Exception as exc:
            outcome, done = _ended(exc)
            repeated = isinstance(exc, TooOften) and exc.repeated
            raise
        finally:
            act = Act(
                who=person.name,
                roles=tuple(sorted(person.roles)),
                act=action.act,
                # People type addresses into fields that are meant for something else, and are quoted in refusals.
                arguments={name: without_addresses(form.listed(name)) for name in action.audited if form.listed(name)},
                counts=done.counts,
                outcome=outcome,
                message=without_addresses(done.message),
                run=done.run,
            )
            # Whoever presses without end must not push what others did out of the audit.
            written.entry_id = "" if repeated else await self._write(act)

    async def _write(self, act: Act) -> str:
        """The log has it in any case: it is what is kept."""
        self._telemetry.acted(act.act, act.outcome)
        counts, arguments = dict(act.counts), dict(act.arguments)
        event = f"console.{act.act}"
        log.info(event, who=act.who, outcome=act.outcome, counts=counts, arguments=arguments, run=act.run)
        try:
            return await write_audit(self._store, act)
        except StoreError as exc:
            log.warning("console.audit_unwritten", act=act.act, who=act.who, reason=str(exc))
            return ""


def _ended(error: Exception) -> tuple[str, Done]:
    """The outcome of an act that did not end well, and what is said of it."""
    if isinstance(error, ErasedInPart):
        return "failed", Done(str(error), "", error.counts)
    message = str(error) if isinstance(error, RequestRefused | TooManyRuns | StoreError) else error_type(error)
    if nobody_knows(error):
        return "interrupted", Done(message, "")
    return "refused" if isinstance(error, RequestRefused | TooManyRuns) else "failed", Done(message, "")
