"""What is left of what was erased, and what to do about that: for people, in one sentence each."""

from collections.abc import Iterator
from enum import StrEnum

from salesloft_webhooks.broker.administration.erasure import Erased
from salesloft_webhooks.broker.administration.server_files import FilesRewritten
from salesloft_webhooks.broker.administration.stream_rewriting import Rewritten

ADVICE: dict[StrEnum, str] = {
    Rewritten.RUNNING: "workers still run what was erased; repeat this when they have finished",
    Rewritten.BUSY: "too many events are pending; repeat this when the backlog is smaller",
    Rewritten.BEHIND: "streams change faster than they can be written anew; repeat this in a quieter hour",
    Rewritten.NO_ROOM: "there is no room to write streams anew; repeat this when the server has more memory free",
    FilesRewritten.REFUSED: "the server does not let this user rewrite its files; have its administrator do it",
    FilesRewritten.UNFINISHED: "the server has not finished its new files; look at INFO persistence, or repeat this",
}


def what_is_left(erased: Erased) -> Iterator[str]:
    """Nothing where the erasure is complete."""
    endings: list[StrEnum] = [*(ending for ending, _ in erased.streams), *erased.files]
    for ending in dict.fromkeys(endings):
        if ending in ADVICE:
            yield f"nobody can read it any more, but its bytes are left: {ADVICE[ending]}"
