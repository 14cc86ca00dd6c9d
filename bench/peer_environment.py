"""Where the peers live: an environment of Python and one of Node under `.bench`, from lock files of their own.

Nothing of it stands in the product's lock files. What cannot be had is left out, and said so.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.figures import FOLDER

PEERS = Path(__file__).parent / "peers"
VENV = FOLDER / "venv"
NODE = FOLDER / "node"
PYTHON = str(VENV / "bin" / "python")
OF_NODE = {"NODE_ENV": "production"}
"""What Express recommends for speed."""


def set_up() -> None:
    """Install what is missing or has changed since."""
    FOLDER.mkdir(exist_ok=True)
    _once(VENV, [PEERS / "requirements.lock"], _python)
    if shutil.which("npm"):
        _once(NODE, [PEERS / "package.json", PEERS / "package-lock.json"], _node)
        for script in PEERS.glob("*.mjs"):
            shutil.copy(script, NODE)
    else:
        print("npm is not here: Express and BullMQ are left out")


def has_node() -> bool:
    """Whether the peers of Node can run."""
    return (NODE / "ready").exists()


def _once(folder: Path, sources: list[Path], install: Callable[[], None]) -> None:
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    mark = folder / "ready"
    if mark.exists() and mark.read_text("utf-8") == digest:
        return
    print(f"setting up {folder.name} for the peers", flush=True)
    install()
    mark.write_text(digest, "utf-8")


def _python() -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    lock = PEERS / "requirements.lock"
    subprocess.run([PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", lock], check=True)


def _node() -> None:
    NODE.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PEERS / name, NODE)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=NODE, check=True)
