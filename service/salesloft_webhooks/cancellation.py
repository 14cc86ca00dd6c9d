"""Loops that end when they are cancelled, even if somebody below them mistakes the cancellation for a failure."""

import asyncio


def still_wanted() -> bool:
    """Whether nobody has cancelled the current task.

    A library that is cancelled while it gives up on a connection may raise its own error instead, which a loop that
    outlives errors would take for one more of them; the task remembers. To be asked in tasks only.
    """
    task = asyncio.current_task()
    return task is not None and not task.cancelling()
