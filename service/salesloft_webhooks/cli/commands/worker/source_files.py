"""Which files a worker's handlers are made of, and in which state they are."""

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

State = Mapping[str, tuple[int, int]]
"""Path -> time of the last change in nanoseconds, and size."""

NOT_LOOKED_INTO = {"__pycache__", "node_modules", "site-packages"}


def folders_of(handlers: Sequence[str], here: Path) -> list[Path]:
    """The current folder, and those of handlers' packages that lie elsewhere. Nothing of theirs is imported."""
    found = [here]
    for reference in handlers:
        top = reference.partition(":")[0].partition(".")[0]
        spec = find_spec(top) if top.isidentifier() else None
        places = list(spec.submodule_search_locations or ()) if spec else []
        places += [str(Path(spec.origin).parent)] if spec and spec.has_location and spec.origin and not places else []
        found += [Path(place) for place in places if not Path(place).is_relative_to(here)]
    return found


def state_of(folders: Sequence[Path], files: Sequence[Path]) -> State:
    """Every Python file below the folders, and the files; not in hidden folders and virtual environments."""
    paths = [*files, *(path for folder in folders for path in _python_files(folder))]
    return dict(_with_state(paths))


def _python_files(folder: Path) -> Iterator[Path]:
    for where, inside, names in os.walk(folder):
        inside[:] = [
            name
            for name in inside
            if not name.startswith(".") and name not in NOT_LOOKED_INTO and not Path(where, name, "pyvenv.cfg").exists()
        ]
        yield from (Path(where, name) for name in names if name.endswith(".py"))


def _with_state(paths: Sequence[Path]) -> Iterator[tuple[str, tuple[int, int]]]:
    for path in paths:
        try:
            found = path.stat()
        except OSError:  # gone meanwhile, which is a change, too
            continue
        yield str(path), (found.st_mtime_ns, found.st_size)
