"""The names of the keys of bulk work: runs that consoles carry out, and replays of an archive. Part of `keys`."""

from msgspec import Struct


class RunKeys(Struct, frozen=True):
    """Key names under one prefix (setting ``REDIS_KEY_PREFIX``)."""

    prefix: str = "sl"

    def run_place(self, partition: int, run: str) -> str:
        """Where a run has come to in a partition: hash with ``place``, and how many things came to which outcome.

        It ends a month after it was moved on last. ``:copies`` beside it are event ids of which a replay passed a copy.
        The replay of an archive has ``changed`` besides: when it was moved on last, server ms.
        """
        return f"{self.prefix}:{{{partition}}}:run:{run}"

    @property
    def runs(self) -> str:
        """Bulk work: zset of ids of runs by server ms when begun, bounded; ``:unfinished`` likewise; and ``:lease``."""
        return f"{self.prefix}:{{runs}}"

    def run(self, run: str) -> str:
        """A run: hash of what it is about, who began it, its state, and when it has ended what came of it."""
        return f"{self.runs}:{run}"

    @property
    def archive_runs(self) -> str:
        """Replays of an archive that are not finished: hash of JSON by group."""
        return f"{self.runs}:archive"
