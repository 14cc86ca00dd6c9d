"""A text of a stranger's, in every place of the store that people are shown."""

from salesloft_webhooks.broker import Outcome, quarantine
from salesloft_webhooks.broker.administration.audit import Act, write_audit
from salesloft_webhooks.broker.administration.groups import pause
from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.errors import UnreadableReason
from tests.support.broker_driver import Driven


async def write_everywhere(driven: Driven, text: str) -> None:
    """A worker, errors, a pause, a delivery in quarantine, an act and a run that say it; of events that are there."""
    group = await driven.group(consumer=text)
    await driven.kill(group, 1, error=text)
    await driven.settle(group, await driven.take(group), Outcome.RETRY, error=text, delay_seconds=60)
    await pause(driven.store, "crm", seconds=600, reason=text)
    reason = UnreadableReason.NOT_JSON
    await quarantine(
        driven.store, source=text, dialect=text, reason=reason, body=text.encode(), limit=9, from_headers=text
    )
    words = {"message": text, "run": text, "arguments": {text: text}, "outcome": text}
    await write_audit(driven.store, Act(who=text, roles=(text,), act=text, **words))  # type: ignore[arg-type]
    ends = ("0-0",) * driven.store.partitions
    await begin(
        driven.store,
        NewRun(kind=RunKind.REDRIVE, by=text, selection={"error": text}, total=1, ends=ends, group="crm"),
    )
