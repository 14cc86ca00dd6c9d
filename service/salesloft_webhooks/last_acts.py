"""What a task still has to do when it is cancelled, and a second cancellation must not cut off: give a lease back.

Whoever ends a task and waits for it cancels it again after a second (`background.CANCEL_AGAIN_SECONDS`), in case
something below it swallowed the first time. In a ``finally`` that second time would strike what stands there.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from salesloft_webhooks.background import CANCEL_AGAIN_SECONDS, Ongoing


async def last_act(work: Coroutine[Any, Any, object], seconds: float) -> None:
    """Do it to its end, and for so long at most; who is cancelled meanwhile learns of it afterwards.

    Raises:
        asyncio.CancelledError: somebody has cancelled again; the work has ended, whatever it raised.
        TimeoutError: it took too long, and was cancelled.
        Exception: what it raises by itself.
    """
    loop = asyncio.get_running_loop()
    working, cancelled, late, end = Ongoing(work), None, False, loop.time() + seconds
    while True:
        try:
            if await working.ends(max(0.0, end - loop.time())):
                break
            working.abandon()
            late, end = True, loop.time() + CANCEL_AGAIN_SECONDS
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is not None:
        raise cancelled
    if late:
        raise TimeoutError
    working.result()
