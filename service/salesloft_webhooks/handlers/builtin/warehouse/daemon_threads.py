"""Blocking calls in threads that nobody has to wait for: neither their caller, nor the process at its end."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

ResultT = TypeVar("ResultT")


class DaemonThreads:
    """So many threads at once, those included whose callers have left: storage that hangs costs no more of them.

    The threads of an executor are waited for when the interpreter ends, which can take as long as the storage likes.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    async def run(self, call: Callable[[], ResultT]) -> ResultT:
        """What ``call`` returns or raises. A caller that is cancelled leaves at once, and the call goes on."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[ResultT] = loop.create_future()

        def report(result: ResultT | None, error: BaseException | None) -> None:
            self._free.release()
            if ended.done():  # the caller has left
                return
            if error is not None:
                ended.set_exception(error)
            else:
                ended.set_result(result)  # type: ignore[arg-type]  # of the call

        def run() -> None:
            result, error = None, None
            try:
                result = call()
            except BaseException as exc:  # noqa: BLE001 - it belongs to the caller, whatever it is
                error = exc
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(report, result, error)

        threading.Thread(target=run, name="warehouse", daemon=True).start()
        return await ended
