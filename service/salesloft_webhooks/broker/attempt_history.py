"""What a call that settles tells of its attempts beside their outcomes, for the history that people read.

Only of attempts that ended badly, or had others before them: an event that succeeds at once has no history, and must
not cost anything for it (decision 68). `lua/include/attempt_history.lua` writes it.
"""

from salesloft_webhooks.broker.lease import Outcome, Settlement
from salesloft_webhooks.masked_text import masked_text

ERROR_BYTES = 200
"""Of an attempt's error: with the rest of its line it stays below 300."""
UNKNOWN = "-"
EXTRA_WORDS = 5
"""Of each attempt that is told of."""


def extra_words(number: int, item: Settlement, now: float) -> tuple[str | int, ...]:
    """Five words for an attempt, as ``settle.lua`` takes them, or none; ``now`` is monotonic.

    Not for what succeeds at once: whoever asks knows that. Times are told as spans: only the server's clock counts.
    """
    return () if item.outcome is Outcome.RELEASE else (number, *_more_of(item, now))


def _more_of(item: Settlement, now: float) -> tuple[str | int, ...]:
    error = _one_line(masked_text(item.error)) if item.error else ""
    if (ran := item.ran) is None:
        return (UNKNOWN, UNKNOWN, UNKNOWN, error)
    ago = round(max(0.0, now - ran.began) * 1000)
    return (ago, round(ran.seconds * 1000), ran.trace_id or UNKNOWN, error)


def _one_line(text: str) -> str:
    """Cut to `ERROR_BYTES`, between two characters."""
    return " ".join(text.split()).encode("utf-8", "backslashreplace")[:ERROR_BYTES].decode(errors="ignore")
