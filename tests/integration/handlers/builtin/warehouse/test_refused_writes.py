"""A system that refuses a write, such as a full disk."""

import subprocess
import sys
from pathlib import Path

WRITER = """
import resource, signal, sys
from pathlib import Path
from salesloft_webhooks.handlers.builtin.warehouse.local_files import write_whole

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
try:
    write_whole(Path(sys.argv[1]), "events/type=a/day=b/one.parquet", b"x" * 5_000)
except OSError as exc:
    print(type(exc).__name__)
"""


def test_nothing_is_left_of_a_write_that_the_system_refuses(tmp_path: Path) -> None:
    """The part that was written is gone again: it would take what somebody makes free on a full disk."""
    ended = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path)], capture_output=True, text=True, check=True)

    assert ended.stdout == "OSError\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
