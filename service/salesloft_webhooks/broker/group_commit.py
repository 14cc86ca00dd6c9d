"""Group commit: what many requests want written in one partition travels in one script call.

While one call is under way, the shares of other deliveries queue up, and the next call carries all of them: one round
trip serves many requests. What WAITAOF or WAIT has to confirm stays open (`open_commits`) and is confirmed
(`confirmation`) while the next calls are made.

A call can fail in two ways. The *server* may be in no state to write (down, read-only, failing over): the batch is
tried again within its requests' own time. Or the server refuses what is *written*: a value above its limit for one
(``proto-max-bulk-len``, where it hangs up without an answer) fails the command as a whole. Then the batch is halved
until what is refused stands alone, and only its sender is told; of n shares, k of them bad, that takes about
2 k log2(n) calls. Both ways repeat what the first try may have written: the script knows each share by its token, so
the one who was stored by an earlier try of ours is told what the first try would have said.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from salesloft_webhooks.background import end_if_cancelled
from salesloft_webhooks.broker.blame import Blame, blame_for
from salesloft_webhooks.broker.committer_context import CommitObserver, CommitterContext
from salesloft_webhooks.broker.connection.store import Argument
from salesloft_webhooks.broker.durability import Durability, examine, least
from salesloft_webhooks.broker.open_commits import Commit, OpenCommits
from salesloft_webhooks.broker.shares import Row, Share, fail, words_of
from salesloft_webhooks.broker.store_format import StoreFormat
from salesloft_webhooks.errors import NotDurable, StoreFull, StoreRefused, StoreUnavailable

MAX_EVENTS = 500
"""Events in one script call."""
MAX_BYTES = 8 * 1024 * 1024
"""Bodies in one script call: a few huge deliveries must not make a command the server refuses."""
RETRY_SECONDS = 0.05
"""Pause before a failed batch is tried again, doubled each time up to a second."""
BROKEN_CALLS = 2
"""So many connections to a server that answers must break in a row before the call is blamed for it."""
EXAMINE_SECONDS = 30.0
"""How long an answer about the server's persistence is trusted; any failure ends the trust at once."""


class Committer:
    """Runs one script on one partition for everybody who asks, one batch after the other.

    Args:
        context: What it shares with other committers.
        script: The script's name. It takes ``head`` and then the rows; its result is a list with one item a row.
        partition: Which one.
        observer: Told of each batch; nobody by default.
        store_format: The format of the store, which follows ``head``; None for a script that does not ask.
    """

    def __init__(
        self,
        context: CommitterContext,
        script: str,
        partition: int,
        observer: CommitObserver | None = None,
        store_format: StoreFormat | None = None,
    ) -> None:
        self._store, self._settings = context.store, context.settings
        self._script, self._partition = script, partition
        self._bounds = context.bounds
        self._observer = observer
        self._format = store_format
        self._head: Row = (
            context.settings.idempotency_ttl_seconds,
            context.settings.watermark_ttl_seconds,
            context.store.partitions,
        )
        self._queue: deque[Share] = deque()
        self._filled = asyncio.Event()
        self._durability: Durability | None = None
        self._examined = 0.0
        self._confirmer = context.confirmer
        self._open = OpenCommits(self._commit_settled, self._commit_failed)

    def __str__(self) -> str:
        return f"{self._script} in partition {self._partition}"

    def add(self, rows: Sequence[Row], size: int = 0) -> asyncio.Future[list[bytes]]:
        """Queue the rows of a delivery, with ``size`` bytes of bodies; the future gives a result each, or raises."""
        share = Share(rows, size)
        self._queue.append(share)
        self._filled.set()
        return share.answer

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._filled.wait()
            if self._open and not self._may_go_on():
                await self._make_again()
            if batch := self._next_batch():
                await self._answer(batch)
            else:
                self._filled.clear()

    def _may_go_on(self) -> bool:
        """Whether the next commit may be sent beside open ones: at once, and where they are."""
        return self._examined_lately() and self._open.may_go_on(self._store.line(self._partition))

    async def _make_again(self, also: Sequence[Share] = ()) -> bool:
        """Wait until nothing is open. Whether anything failed: then that is committed next, and ``also`` after it."""
        if again := await self._open.make_again():
            self._queue.extendleft(reversed([*again, *also]))
        return bool(again)

    def _commit_settled(self, commit: Commit) -> None:
        if self._observer is not None:
            took = time.monotonic() - commit.began
            self._observer.published(deliveries=len(commit.batch), seconds=took)

    def _commit_failed(self, _error: Exception) -> None:
        self._durability = None
        self._filled.set()

    def _next_batch(self) -> list[Share]:
        batch: list[Share] = []
        events = size = 0
        while self._queue and events < MAX_EVENTS and size < MAX_BYTES:
            share = self._queue.popleft()
            if not share.answer.done():  # done: the request has timed out meanwhile, its sender comes again
                batch.append(share)
                events += len(share.rows)
                size += share.size
        return batch

    async def _answer(self, batch: list[Share], *, halved: bool = False) -> None:
        """Commit until every share has its answer; ``halved``: it is part of a batch that was refused."""
        pause, broken = RETRY_SECONDS, 0
        while batch := [share for share in batch if not share.answer.done()]:
            try:
                # What broke the connection of many is tried again on one of its own: only it can have broken that.
                return await self._commit(batch, apart=halved or broken > 0)
            except Exception as exc:  # noqa: BLE001 - whatever it is, each caller waits for an answer
                error = exc.with_traceback(None)  # which has this frame: a circle with all that the batch holds
            blame = await self._blame(error)
            # Nothing is tried again beside what is open: if that has failed as well, it comes first.
            if self._open and await self._make_again(also=batch):
                return await asyncio.sleep(pause)
            # Once is no proof, not even for a halved batch: the connection may have been broken by the call before.
            broken = broken + 1 if blame is Blame.CONNECTION else 0
            if blame is Blame.CONTENT or broken >= BROKEN_CALLS:
                return await self._halve(batch, error)
            if blame is Blame.PROMISE and not await self._makes_room(error):
                return fail(batch, error)
            await asyncio.sleep(0 if halved and broken else pause)
            pause = min(2 * pause, 1.0)
        return None

    async def _blame(self, error: Exception) -> Blame:
        """What a commit failed by; whatever it is but the content ends the trust in the server's last examination."""
        end_if_cancelled(error)
        blame = await blame_for(error, self._store, self._partition)
        end_if_cancelled(error)
        if blame is not Blame.CONTENT:
            self._durability = None
        return blame

    async def _makes_room(self, error: Exception) -> bool:
        """Whether it was only room that was missing, and there is some now."""
        return isinstance(error, StoreFull) and await self._bounds.makes_room()

    async def _halve(self, batch: list[Share], error: Exception) -> None:
        if len(batch) == 1:
            return fail(batch, StoreRefused(words_of(error)))
        middle = len(batch) // 2
        await self._answer(batch[:middle], halved=True)
        return await self._answer(batch[middle:], halved=True)

    async def _commit(self, batch: list[Share], *, apart: bool) -> None:
        durability = await self._current_durability()
        args = [*self._head]
        if self._format is not None:
            args.append(await self._format.current())
        for share in batch:
            for row in share.rows:
                args += row
        wait = durability.wait_after(self._script)
        if wait and durability.tells_history and not apart:
            await self._commit_openly(batch, args, durability)
            return
        commit = Commit(batch, (), None)
        if wait:
            waited = await self._store.run_and_wait(self._script, self._partition, args, wait)
            commit.results, confirmed, _ = waited
            if least(confirmed) < durability.required:
                raise NotDurable(f"{wait[0]!s} confirmed {least(confirmed)} of {durability.required}")
        else:
            run = self._store.run_apart if apart else self._store.run
            commit.results = await run(self._script, self._partition, args)
        commit.settle()
        self._commit_settled(commit)

    async def _commit_openly(self, batch: Sequence[Share], args: Sequence[Argument], durability: Durability) -> None:
        """Write a batch, and leave it to be confirmed while the next one is written."""
        must_wait = self._open and not self._open.may_go_on(self._store.line(self._partition))
        if must_wait and await self._make_again(also=batch):
            return
        # From here to the sending nothing waits: the connection is the one that was looked at.
        commit = Commit(batch, (), None)
        written = await self._store.run_in_history(self._script, self._partition, args)
        commit.results, commit.line = written.result, written.line
        self._open.add(commit, self._confirmer.confirm(written.history, self._partition, durability))

    def _examined_lately(self) -> bool:
        return self._durability is not None and time.monotonic() - self._examined <= EXAMINE_SECONDS

    async def _current_durability(self) -> Durability:
        if self._durability is None or not self._examined_lately():
            try:
                self._durability = await examine(self._store, self._settings)
            except StoreUnavailable as exc:
                raise StoreUnavailable(str(exc)) from exc  # whatever its cause, no share is to blame for it
            self._examined = time.monotonic()
        if self._durability.problem:
            problem, self._durability = self._durability.problem, None
            raise NotDurable(problem)
        return self._durability
