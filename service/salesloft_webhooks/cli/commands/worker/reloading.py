"""`worker --reload`: a worker that is started anew when a file of its handlers changes. For development only.

The worker is a process of its own, the same as without ``--reload``. At a change it is asked to end as a pod is: it
takes nothing more, lets its running handlers finish and hands the rest back. One that ends by itself, because a module
cannot be imported for example, is started again at the next change.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from salesloft_webhooks.cli.commands.up.supervised_process import END_WITH_PARENT
from salesloft_webhooks.cli.commands.worker.source_files import State, folders_of, state_of
from salesloft_webhooks.cli.console import note
from salesloft_webhooks.errors import ConfigurationError

POLL_SECONDS = 0.4
OPTION = "--reload"
IMAGE = "/opt/salesloft-webhooks"
"""Where the program is in our image."""


def run_reloading(handlers: str) -> int:
    """Keep a worker running until SIGTERM or Ctrl-C; the exit code of the last one.

    Args:
        handlers: Those of the command line, separated by commas; empty: those of `WORKER_HANDLERS`.

    Raises:
        ConfigurationError: this is no place for development.
    """
    _refuse_production()
    references = (handlers or os.environ.get("WORKER_HANDLERS", "")).split(",")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    files = [Path(each) for each in (os.environ.get("HANDLERS_FILE"),) if each]
    watched = Watched(folders_of([each.strip() for each in references], Path.cwd()), files)
    stop = threading.Event()
    former = {each: signal.signal(each, lambda *_: stop.set()) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        return _keep_running(watched, stop)
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def _refuse_production() -> None:
    """Files of an image do not change, and a process that waits for that hides the worker's own end from its pod."""
    if "KUBERNETES_SERVICE_HOST" in os.environ or sys.prefix == IMAGE:
        raise ConfigurationError(f"{OPTION} is for development: not in the image, nor in Kubernetes")


class Watched:
    """The files whose change matters."""

    def __init__(self, folders: Sequence[Path], files: Sequence[Path]) -> None:
        self._folders, self._files = folders, files
        self._seen: State = {}

    def look(self) -> None:
        """From now on, the present state is the known one."""
        self._seen = self._now()

    def changed(self, stop: threading.Event) -> list[str]:
        """What is different; waits until whoever writes has come to an end."""
        now = self._now()
        if now == self._seen:
            return []
        while not stop.wait(POLL_SECONDS) and (later := self._now()) != now:
            now = later
        return sorted(path for path, _ in now.items() ^ self._seen.items())

    def _now(self) -> State:
        return state_of(self._folders, self._files)


def _keep_running(watched: Watched, stop: threading.Event) -> int:
    while True:
        watched.look()  # before the start: what changes while it loads is a change
        worker = _start()
        told = False
        while not (changed := watched.changed(stop)) and not stop.wait(POLL_SECONDS):
            if worker.poll() == 0:
                return 0
            if worker.poll() is not None and not told:
                note(f"the worker has ended (exit code {worker.returncode}); it is started again at the next change")
                told = True
        worker.terminate()
        if not stop.is_set():
            names = ", ".join(dict.fromkeys(os.path.relpath(path) for path in changed))
            note(f"changed: {names}; the worker finishes what it has in hand and is started anew")
        code = worker.wait()
        if stop.is_set():
            return code


def _start() -> "subprocess.Popen[bytes]":
    arguments = [each for each in sys.argv[1:] if each != OPTION]
    wrapper = (sys.executable, "-I", "-S", str(END_WITH_PARENT), str(os.getpid()), str(int(signal.SIGTERM)))
    return subprocess.Popen(  # noqa: S603 - our own command
        [*wrapper, sys.executable, "-m", "salesloft_webhooks", *arguments],
        # A changed file of the same length, written within the same second, would be taken for the compiled one.
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        start_new_session=True,  # Ctrl-C is for us: the worker is asked to end as a pod is
    )
