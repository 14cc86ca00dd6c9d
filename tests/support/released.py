"""Version 0.1.0 as it was released, from this repository's own history."""

import subprocess
from pathlib import Path

RELEASE = "9fa77bb1b0f3214543592c4acdddd50fa074fdd5"
"""The commit of version 0.1.0."""
ROOT = Path(__file__).parents[2]


def unpack_release(folder: Path) -> dict[str, str]:
    """Write the sources of 0.1.0 below a folder; the environment of a process that runs them.

    They stand in a folder named `released`, which `make coverage` leaves out: it is not this version's code.
    """
    sources = folder / "released"
    sources.mkdir()
    archive = subprocess.run(["git", "-C", ROOT, "archive", RELEASE, "service"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", sources], input=archive, check=True)
    return {"PYTHONPATH": str(sources / "service")}


def has_release() -> bool:
    """Whether the history is here: not in a source archive, nor in a clone that was cut off."""
    return (
        subprocess.run(["git", "-C", ROOT, "cat-file", "-e", RELEASE], check=False, capture_output=True).returncode == 0
    )
