"""The corpus of each target: files in a folder of its name."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).with_name("corpus")
FAULT = "fault-"
"""How inputs are named that have found a fault: they stay."""


def corpus_of(name: str) -> list[bytes]:
    """The inputs of a target."""
    folder = FOLDER / name
    return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


def keep(name: str, inputs: Iterable[bytes]) -> int:
    """Let the corpus be these inputs, and those that have found a fault; how many that are."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if not path.name.startswith(FAULT):
            path.unlink()
    there = {path.read_bytes() for path in folder.iterdir()}
    for data in inputs:
        if data not in there:
            (folder / sha256(data).hexdigest()[:16]).write_bytes(data)
    return len(list(folder.iterdir()))
