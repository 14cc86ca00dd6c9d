"""Commits of one partition that are written and not confirmed yet.

They keep the order of deliveries through a failure. Commits are confirmed in any order, for they stand in the store in
theirs already. But one that has to be made again may have to be written again, and then nothing that came after it
may be written before it: so as soon as one has failed, no new commit is made, the others are waited for, and all that
failed are made again in their order, before what is new. For the same reason a commit beside open ones is only sent on
the connection that carried those: another may lead to a server that does not have them.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from msgspec import Struct, field

from salesloft_webhooks.broker.connection.line import Line
from salesloft_webhooks.broker.shares import Share, fail
from salesloft_webhooks.errors import NotDurable


class Commit(Struct, eq=False):
    """One of them.

    Attributes:
        batch: Whose.
        results: What the script said of each row.
        line: The connection it was made on; None while it is on none, or need not stay open.
        began: When it was sent, by the monotonic clock.
    """

    batch: Sequence[Share]
    results: Sequence[bytes]
    line: Line | None
    began: float = field(default_factory=time.monotonic)

    def settle(self) -> None:
        """Tell every share what became of it."""
        outcomes = iter(self.results)
        for share in self.batch:
            share.settle([next(outcomes) for _ in share.rows])


class OpenCommits:
    """All of one partition, oldest first.

    Args:
        settled: Told of a commit whose shares have their answers.
        failed: Called when one has failed: `make_again` is wanted, or after `NotDurable` another look at the server.
    """

    def __init__(self, settled: Callable[[Commit], None], failed: Callable[[Exception], None]) -> None:
        self._settled = settled
        self._failed = failed
        self._commits: dict[Commit, asyncio.Future[None]] = {}

    def __bool__(self) -> bool:
        return bool(self._commits)

    def add(self, commit: Commit, confirmed: asyncio.Future[None]) -> None:
        """One more; its shares get their answers when it is confirmed. The future raises a `StoreError` if not."""
        self._commits[commit] = confirmed
        confirmed.add_done_callback(lambda _: self._ended(commit, confirmed))

    def may_go_on(self, line: Line | None) -> bool:
        """Whether another commit may be sent on a connection beside these."""
        failed = any(each.done() and each.exception() is not None for each in self._commits.values())
        return not failed and all(commit.line is line for commit in self._commits)

    async def make_again(self) -> list[Share]:
        """Wait until each is confirmed or has failed; the shares of those that failed, in their order."""
        if pending := [confirmed for confirmed in self._commits.values() if not confirmed.done()]:
            await asyncio.wait(pending)
        await asyncio.sleep(0)  # `_ended` has been called for all
        commits, self._commits = self._commits, {}
        return [share for commit in commits for share in commit.batch if not share.answer.done()]

    def _ended(self, commit: Commit, confirmed: asyncio.Future[None]) -> None:
        error = confirmed.exception()
        if error is None or isinstance(error, NotDurable):
            self._commits.pop(commit, None)
            if error is None:
                commit.settle()
                self._settled(commit)
            else:
                fail(commit.batch, error)
        if isinstance(error, Exception):  # else it stays, for `make_again`
            self._failed(error)
