"""What a role leaves behind when it crashes: no secret in its output, and no image of its memory."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from salesloft_webhooks.cli.roles import ROLES
from tests.support.waiting import wait_until

SECRET = "planted-Secret-0815"
CRASH = """
import asyncio, importlib, sys, threading
from salesloft_webhooks.cli.roles import alone

class Finalised:
    def __del__(self):
        raise RuntimeError("{secret} in a finaliser")

    def __repr__(self):
        return "{secret} in a representation"

def in_thread():
    raise RuntimeError("{secret} in a thread")

async def in_task():
    raise RuntimeError("{secret} in a task")

async def crashing(settings, stop=None):
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    del thread
    Finalised()
    task = asyncio.ensure_future(in_task())
    await asyncio.sleep(0.01)
    del task
    context = {{"message": "what failed", "exception": RuntimeError("{secret} in a callback"), "{secret}": Finalised}}
    asyncio.get_running_loop().call_exception_handler(context)
    raise RuntimeError("{secret} at the end")

async def waiting(settings, stop=None):
    print("there", flush=True)
    await asyncio.sleep(60)

module = importlib.import_module("salesloft_webhooks." + sys.argv[1])
module.run = {run}
alone(sys.argv[1])
"""


def program(role: str, run: str) -> list[str]:
    """A role that does something else than its work."""
    return [sys.executable, "-X", "faulthandler", "-c", CRASH.format(secret=SECRET, run=run), role]


def environment() -> dict[str, str]:
    """A login at the store with the secret in it."""
    return os.environ | {"REDIS_URL": f"redis://:{SECRET}@127.0.0.1:1/0", "LOG_FORMAT": "json"}


def allow_core_files() -> None:
    """In the child: as whoever looks for a defect would."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # a shell lets what it starts in the background ignore it


@pytest.mark.parametrize("role", ROLES)
def test_a_crash_says_where_and_quotes_nothing(role: str) -> None:
    """What nobody has caught, in the role, a thread, a task, a finaliser, is named by type and line; no message."""
    ended = subprocess.run(
        program(role, "crashing"), env=environment(), capture_output=True, text=True, timeout=60, check=False
    )

    written = ended.stdout + ended.stderr
    assert ended.returncode == 1, written
    assert SECRET not in written
    for event in ("process.crashed", "thread.crashed", "exception.lost", "library.message"):
        assert f'"event":"{event}"' in written, written
    assert "Traceback" not in written


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGQUIT, signal.SIGSEGV], ids=lambda number: number.name)
def test_no_image_of_the_memory_is_left(tmp_path: Path, number: signal.Signals) -> None:
    """A signal that would leave a core file ends a role without one, and what the end writes has no secret."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("|") or "/" in pattern:
        pytest.skip("core files of this machine do not go into the folder of the process")
    output = tmp_path / "output"
    for role, leaves_one in ((None, True), ("receiver", False)):
        plain = [sys.executable, "-c", "import time; print('there', flush=True); time.sleep(60)"]
        with output.open("wb") as out:
            process = subprocess.Popen(
                program(role, "waiting") if role else plain,
                env=environment(),
                cwd=tmp_path,
                stdout=out,
                stderr=out,
                preexec_fn=allow_core_files,  # noqa: PLW1509 - nothing else runs in this process
            )
        wait_until(lambda: b"there" in output.read_bytes(), seconds=30, description="it is there")
        process.send_signal(number)

        assert process.wait(timeout=30) == -number
        left = list(tmp_path.glob("core*"))
        assert bool(left) is leaves_one, (role, left)
        assert SECRET not in output.read_text()
        for file in left:
            file.unlink()


@pytest.mark.parametrize("role", ROLES)
def test_every_role_keeps_its_memory(tmp_path: Path, role: str) -> None:
    """Each says to Linux that it is not to be dumped, which takes its environment from others of the same user."""
    asking = "import ctypes; print('dumpable', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)"
    source = CRASH.format(secret=SECRET, run="waiting").replace('print("there", flush=True)', asking)
    ended = subprocess.run(
        [sys.executable, "-c", source.replace("asyncio.sleep(60)", "asyncio.sleep(0)"), role],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.stdout == "dumpable 0\n", ended.stderr
