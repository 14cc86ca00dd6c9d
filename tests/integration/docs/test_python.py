"""Python in documents is what a strict type checker takes, as it is pasted."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import ROOT, Block, blocks

FILE = re.compile(r"# (?:file: )?(\w+\.py)\n")
DOCUMENTS = sorted({block.document for block in blocks("*", "python")})


def file_of(block: Block) -> str:
    """The file's name, which the first line of each example states."""
    match = FILE.match(block.text)
    assert match, f"{block}: an example without a file's name"
    return match[1]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_examples_are_typed(document: str, tmp_path: Path) -> None:
    """All examples of a page, as one project, pass `mypy --strict`."""
    for block in blocks(document, "python"):
        (tmp_path / file_of(block)).write_text(block.text)
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'documents'}"

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", cache, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout
