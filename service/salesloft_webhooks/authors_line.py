"""Where in an author's own code an error came from: a line to look at, instead of a stack of ours and of libraries."""

import linecache
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile
from pathlib import Path

from msgspec import Struct

_OURS = str(Path(__file__).parent) + os.sep
_CALLERS = tuple(f"{_OURS}handlers{os.sep}{name}.py" for name in ("routes", "process_child"))
_STANDARD = str(Path(os.__file__).parent) + os.sep
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


class AuthorsLine(Struct, frozen=True):
    """A line of code. As text ``acme/handlers.py:12``, from the folder that Python imports it from.

    Attributes:
        path: The whole path of its file.
        number: Of the line, from 1.
    """

    path: str
    number: int

    @property
    def source(self) -> str:
        """What stands there, without its indent; empty where the file cannot be read."""
        return linecache.getline(self.path, self.number).strip()

    def __str__(self) -> str:
        folders = sorted((each for each in sys.path if each and self.path.startswith(each + os.sep)), key=len)
        return f"{self.path[len(folders[-1]) + 1 :] if folders else Path(self.path).name}:{self.number}"


def authors_line(error: BaseException) -> AuthorsLine | None:
    """The last line of the author's own code that an error passed; None: it passed none, as in the built-in groups.

    Of a module that cannot be parsed, the line that is wrong.
    """
    if isinstance(known := getattr(error, "authors_line", None), AuthorsLine):
        return known  # it comes from another process, in which its traceback has stayed
    passed = [AuthorsLine(frame.f_code.co_filename, number) for frame, number in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename and not _is_foreign(error.filename):
        return AuthorsLine(error.filename, error.lineno or 1)
    own = [line for line in passed if not _is_foreign(line.path)]
    return own[-1] if own else next(_of_installed_handlers(passed), None)


def frames_of(error: BaseException) -> Iterable[traceback.FrameSummary]:
    """The frames that an error passed; those of ours before the author's first are left out, if there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    return dropwhile(lambda frame: frame.filename.startswith(_OURS), frames) if authors_line(error) else frames


def _is_foreign(path: str) -> bool:
    """Ours, Python's or an installed library's; or no file at all."""
    return path.startswith(("<", _OURS, _STANDARD)) or any(part in path for part in _INSTALLED)


def _of_installed_handlers(passed: Sequence[AuthorsLine]) -> Iterator[AuthorsLine]:
    """Handlers may be installed as a package: then what the router called is the author's, and all in its folder."""
    begins = max((number for number, line in enumerate(passed, 1) if line.path in _CALLERS), default=len(passed))
    called = passed[begins:]
    if called and not called[0].path.startswith(_OURS):
        folder = str(Path(called[0].path).parent)
        yield from (line for line in reversed(called) if line.path.startswith(folder))
