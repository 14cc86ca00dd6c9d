"""Event patterns: Python and the script on the server say the same of every type."""

import atexit
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from salesloft_webhooks import event_patterns
from tests.fuzz.search import Target
from tests.support.servers import Server, engines

_INCLUDE = files("salesloft_webhooks.broker").joinpath("lua", "include", "patterns.lua").read_text("utf-8")
_SCRIPT = _INCLUDE + "\nreturn matches_one_of(ARGV[1], ARGV[2]) and 1 or 0"


@cache
def _script() -> Any:
    """The script on a server of this process."""
    server = Server(engines()["valkey"], Path(mkdtemp())).start()
    atexit.register(server.stop, kill=True)
    return server.client().register_script(_SCRIPT)


def _check_pattern(data: bytes) -> None:
    """The first line is an event type, the others are patterns."""
    event_type, *lines = data.decode("utf-8", "replace").split("\n")
    patterns = [line for line in lines if event_patterns.is_pattern(line)]
    for line in lines[:3]:
        event_patterns.nearest(line)
    if patterns:
        said = _script()(args=[event_patterns.canonical(patterns), event_type])
        assert bool(said) is event_patterns.matches(event_type, patterns), "the server says something else"


PATTERNS = Target(
    _check_pattern,
    ("salesloft_webhooks.event_patterns", "fnmatch"),
    [b"*", b"?", b"**", b"*?", b"\n*", b"\n?", b"email.*", b"email.opened", b"*a*b", b"_", b".", b"%", b"[a]"],
    longest_bytes=3_000,
)
