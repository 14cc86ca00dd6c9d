"""Handlers in processes: what dies with a process is one attempt."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks import Event, Router
from salesloft_webhooks.authors_line import authors_line
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.execution import AttemptTimeout
from salesloft_webhooks.handlers.loading import LoadedGroup
from salesloft_webhooks.handlers.process_messages import UntransferableResult
from salesloft_webhooks.handlers.processes import ProcessDied
from salesloft_webhooks.handlers.sys_exit import HandlerExited
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.testing import Outcome, event, run, run_batch
from tests.integration.handlers import handlers_in_processes
from tests.support.waiting import eventually

GROUP = LoadedGroup("test", (handlers_in_processes.router,))


def is_there(process: int) -> bool:
    """Whether the process runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_death_is_one_failed_attempt_of_one_event(tmp_path: Path) -> None:
    """Beside others in other processes, and before others in the one that takes its place."""
    files = [tmp_path / str(number) for number in range(3)]
    async with GROUP.open(Settings.load(worker_processes=2)) as running:
        ended = await asyncio.gather(
            running.handle(event("person.created", file=str(files[0]))),
            running.handle(event("person.created", dies=int(signal.SIGKILL))),
            running.handle(event("person.created", file=str(files[1]))),
            running.handle(event("person.created", leaves=7)),
            running.handle(event("person.created", file=str(files[2]))),
            return_exceptions=True,
        )

    assert [str(each) for each in ended if isinstance(each, ProcessDied)] == [
        "the handler's process was ended by signal 9",
        "the handler's process ended with code 7",
    ]
    assert [ended[0], ended[2], ended[4]] == [None, None, None]
    processes = {int(file.read_text()) for file in files}
    assert os.getpid() not in processes
    assert not any(map(is_there, processes)), "they end with the group"


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        ({"raises": "no such person"}, ValueError, "no such person"),
        ({"odd": "a"}, UntransferableResult, "OddError: a and more"),
        ({"exits": 3}, HandlerExited, "the handler called sys.exit()"),
    ],
    ids=["an error", "one that cannot be sent", "sys.exit"],
)
async def test_what_is_raised_there_is_raised_here(data: dict[str, Any], error: type[Exception], said: str) -> None:
    """With the author's line, which the traceback would have said; the process lives on."""
    result = await run(handlers_in_processes.router, event("person.created", data))

    assert (result.outcome, type(result.error), str(result.error)) == (Outcome.RETRY, error, said)
    if error is ValueError and result.error is not None:
        line = authors_line(result.error)
        assert line is not None
        assert line.source == "raise ValueError(text)"


async def test_signals_mean_what_they_mean_elsewhere() -> None:
    """Also what stands in them."""
    result = await run(handlers_in_processes.router, event("person.created", retry=7))

    assert (result.outcome, result.after_seconds) == (Outcome.RETRY, 7)


async def test_a_call_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    """A process can be, as a thread cannot."""
    file = tmp_path / "hangs"

    result = await run(handlers_in_processes.router, event("email.sent", file=str(file)))

    assert (type(result.error), str(result.error)) == (AttemptTimeout, "no end within 0.3 s")
    assert not is_there(int(file.read_text()))


async def test_an_attempt_that_is_cut_off_ends_its_process(tmp_path: Path) -> None:
    """Nothing goes on behind a worker that stops or has lost the lease."""
    file = tmp_path / "hangs"
    async with GROUP.open(Settings.load()) as running:
        attempt = asyncio.create_task(running.handle(event("email.sent", file=str(file))))
        await eventually(lambda: file.exists() and file.read_text() != "", "it runs")

        attempt.cancel()
        await asyncio.wait({attempt})
        assert not is_there(int(file.read_text()))


async def test_a_batch_may_be_handled_in_a_process() -> None:
    """Its failures come back by event."""
    results = await run_batch(handlers_in_processes.router, [event("call.created") for _ in range(3)])

    assert [result.outcome for result in results] == [Outcome.DONE, Outcome.DEAD, Outcome.DONE]


def test_what_no_process_could_run_is_refused() -> None:
    """A coroutine function, one that wants resources; and, when the group is opened, one that cannot be imported."""

    async def coroutine(event: Event) -> None: ...

    def wants(event: Event, resources: object) -> None: ...

    def local(event: Event) -> None: ...

    with pytest.raises(ConfigurationError, match=r"coroutine.*plain"):
        Router().on("*", in_process=True)(coroutine)
    with pytest.raises(ConfigurationError, match="resources"):
        Router().on("*", in_process=True)(wants)
    with pytest.raises(ConfigurationError, match="top of a module"):
        Router().on("*", in_process=True)(local)
