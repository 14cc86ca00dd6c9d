"""The stream is written anew while everything else goes on."""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import rule

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.stream_rewriting import Rewritten, rewrite_stream
from tests.integration.broker.invariants import STREAM, StoreInvariants


class RewritingRules(StoreInvariants):
    """Nothing of it may be seen by anybody: every other rule and invariant holds as if it had not been.

    Attributes:
        runner: Runs what is asynchronous.
        store: The open store.
    """

    runner: asyncio.Runner
    store: Store

    @rule()
    def the_stream_is_written_anew(self) -> None:
        """All of it, from whatever an earlier run has left."""
        before = self.redis.xinfo_stream(STREAM) if self.redis.exists(STREAM) else None

        ending = self.runner.run(rewrite_stream(self.store, 0, STREAM, memory_share=1.0, patience_seconds=0.0))

        if before is None:
            assert ending is Rewritten.GONE
        elif ending is Rewritten.REPLACED:
            after = self.redis.xinfo_stream(STREAM)
            same = ("length", "last-generated-id", "max-deleted-entry-id", "entries-added", "first-entry", "last-entry")
            assert {name: after[name] for name in same} == {name: before[name] for name in same}

    @rule(entries=st.integers(1, 20))
    def a_rewriter_dies(self, entries: int) -> None:
        """It has copied some, and leaves them to the next one."""
        keys = [STREAM, self.store.keys.stream_copy(STREAM)]
        self.runner.run(self.store.run("copy_stream", 0, [1.0, entries, 0], keys))
