"""Batches for CRMs, and whose fault it is when one is refused: a record's, or everybody's.

An answer that names the fault is believed: a field that does not exist pauses the group, an address that is none ends
its own event. Every other refusal is judged by its company:

- others of the same batch were taken: this record cannot be, and ends in a dead letter;
- the request was refused as a whole: its halves are sent, then theirs. When both halves fail alike, the configured
  fields are looked up; when all quarters fail alike, too, it is not the records. That costs eight requests, whatever
  the size of the batch;
- records that were refused alone count an attempt each, until the `Breaker` has seen enough different ones in a row.
"""

import random
from collections.abc import Awaitable, Callable, Sequence

from salesloft_webhooks.errors import HandlerSignal, PermanentError, Retry, Unavailable
from salesloft_webhooks.handlers.batching import Outcomes
from salesloft_webhooks.handlers.builtin.crm.merging import Record, merged
from salesloft_webhooks.handlers.outbound.breaker import Breaker
from salesloft_webhooks.handlers.outbound.http_client import CONFIGURATION_PAUSE_SECONDS

FAILURES = 5
"""Different records refused in a row, none taken, after which the CRM or our configuration is to blame."""
_HALVES = 3
_QUARTERS = 7
"""Refused requests, all in all, when a batch and both its halves, and when all its quarters were refused, too."""


class Refused(Exception):
    """Something was refused, and the answer does not say whose fault that is. Never leaves this package.

    Attributes:
        transient: It may pass by itself (a conflict with a change under way): no record is given up at once.
        waits: It was we who refused, because another record has to change first: that says nothing about the CRM.
        wait_seconds: With `waits`: for how long, without an attempt being spent; None: the group's back-off, with one.
    """

    def __init__(
        self, message: str, *, transient: bool = False, waits: bool = False, wait_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.transient = transient or waits
        self.waits = waits
        self.wait_seconds = wait_seconds


RecordVerdict = HandlerSignal | Refused | None
"""What an answer says about one record; None: taken."""

Send = Callable[[Sequence[Record]], Awaitable[Sequence[RecordVerdict]]]
"""Sends records in one request; one verdict each. Raises `Refused`, `Retry` or `Unavailable` for the whole."""

FieldProblems = Callable[[], Awaitable[Sequence[str]]]
"""Looks up which configured fields are wrong; raises `Retry` or `Unavailable` when it cannot."""


class BisectingWriter:
    """Writes records through requests that carry many.

    Args:
        send: Makes one request.
        problems: Looks up what is wrong with the configuration.
        breaker: Shared by everything that is sent to the same CRM.
    """

    def __init__(self, send: Send, field_problems: FieldProblems, breaker: Breaker) -> None:
        self._send = send
        self._field_problems = field_problems
        self._breaker = breaker

    async def write(self, records: Sequence[Record]) -> Outcomes:
        """Write the records, several changes of one as one; for each, what became of it."""
        inputs, positions = merged(records)
        outcomes = await self._write(inputs)
        return [outcomes[position] for position in positions]

    async def _write(self, records: Sequence[Record]) -> Outcomes:
        try:
            verdicts = await self._send_bisecting(records)
        except Retry as problem:
            return [self._breaker.failed(record.key, problem) for record in records]
        except Unavailable as problem:
            self._breaker.opened(problem)
            raise
        taken = any(verdict is None for verdict in verdicts)
        for record, verdict in zip(records, verdicts, strict=True):
            if verdict is None:
                self._breaker.succeeded(record.key)
        return [self._outcome(record, each, taken=taken) for record, each in zip(records, verdicts, strict=True)]

    def _outcome(self, record: Record, verdict: RecordVerdict, *, taken: bool) -> HandlerSignal | None:
        if isinstance(verdict, Unavailable):
            return self._breaker.opened(verdict)
        if isinstance(verdict, Refused):
            if taken and not verdict.transient:
                return PermanentError(str(verdict))
            if verdict.waits:
                return Retry(str(verdict), after=verdict.wait_seconds, counted=verdict.wait_seconds is None)
            verdict = Retry(str(verdict))
        return self._breaker.failed(record.key, verdict) if isinstance(verdict, Retry) and not taken else verdict

    async def _send_bisecting(self, records: Sequence[Record]) -> Sequence[RecordVerdict]:
        verdicts: list[RecordVerdict] = [None] * len(records)
        parts, refusals, taken = [list(range(len(records)))], list[Refused](), False
        while parts:
            part = parts.pop(0)
            try:
                answer = await self._send([records[position] for position in part])
            except Refused as refusal:
                answer = [refusal] * len(part)
                refusals.append(refusal)
                # Drawn anew, so that the same few bad records do not spoil all quarters every time.
                random.shuffle(part)
                middle = len(part) // 2
                parts += [half for half in (part[:middle], part[middle:]) if middle]
            taken = taken or None in answer
            for position, verdict in zip(part, answer, strict=True):
                verdicts[position] = verdict
            if parts and not taken:
                await self._raise_if_not_the_records(refusals)
        return verdicts

    async def _raise_if_not_the_records(self, refusals: Sequence[Refused]) -> None:
        if len(refusals) not in (_HALVES, _QUARTERS) or len({str(refusal) for refusal in refusals}) > 1:
            return
        if len(refusals) == _QUARTERS:
            raise _paused(refusals[0], ["every part of the batch, alike"])
        try:
            problems = await self._field_problems()
        except (Retry, Unavailable):
            problems = ["both halves of the batch, alike; the fields cannot be looked up"]
        if problems:
            raise _paused(refusals[0], problems)


def _paused(refusal: Refused, problems: Sequence[str]) -> Unavailable:
    return Unavailable(f"{refusal}: {'; '.join(problems)}", after=CONFIGURATION_PAUSE_SECONDS)
