"""The Lua scripts, loaded from ``lua/``: one file each, with a header that says KEYS, ARGV, result and invariants.

A line ``--@include <name>`` stands for ``lua/include/<name>.lua``, so that what several scripts must do in the same way
(end an entry, move its lane on) is written once.
"""

import re
from functools import cache
from hashlib import sha1
from importlib.resources import files

from msgspec import Struct

_INCLUDE = re.compile(r"^--@include (\w+)$", re.MULTILINE)


class Script(Struct, frozen=True):
    """A script's text, includes resolved, and the digest Redis knows it by."""

    source: str
    digest: str

    @property
    def writes(self) -> bool:
        """Whether its first line lets it write."""
        return "no-writes" not in self.source.partition("\n")[0]


def _read(*path: str) -> str:
    return files(__package__).joinpath("lua", *path).read_text(encoding="utf-8")


def with_includes(text: str) -> str:
    """A script's text with its includes in the place of the lines that name them."""
    return _INCLUDE.sub(lambda match: _read("include", f"{match[1]}.lua").rstrip(), text)


@cache
def script(name: str) -> Script:
    """The script in ``lua/<name>.lua``, read once per process."""
    source = with_includes(_read(f"{name}.lua"))
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())
