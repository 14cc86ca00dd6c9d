"""What docs/resources.md says of types holds for whoever writes handlers."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.docs.test_python import file_of
from tests.support.documents import ROOT, blocks
from tests.support.published_types import PACKAGES

MYPY = (sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={ROOT / '.mypy_cache' / 'documents'}")
BUILT = PACKAGES / "pyright" / "index.js"
NODE = shutil.which("node")
NAMED = os.environ.get("PYRIGHT") or shutil.which("pyright")
PYRIGHT = [NAMED] if NAMED else [str(NODE), str(BUILT)]
"""One that is named or installed, else that of `make tools`."""
MISTAKES = {
    "person.first_nam": "attr-defined",
    "person.first_name.upper()": "union-attr",
    "person.due_at": "attr-defined",
}
PROJECT = """
from salesloft_webhooks import Event, Router
from salesloft_webhooks.resources import CallCreated, EmailOpened, Email, Person, PersonUpdated

class Desk: ...

router = Router()

@router.on(PersonUpdated, timeout_seconds=5)
async def right(event: Event[Person]) -> None: ...

@router.on(PersonUpdated, EmailOpened)
async def two(event: Event[Person | Email]) -> None: ...

@router.on(PersonUpdated)
async def any_event(event: Event) -> None:
    print(event.resource.id, event.data)

@router.on("person.*")
async def on_trust(event: Event[Person]) -> None: ...

@router.on(CallCreated)
async def wrong(event: Event[Person]) -> None: ...

@router.on(PersonUpdated, CallCreated)
async def half(event: Event[Person]) -> None: ...

@router.on(PersonUpdated)
async def fields(event: Event[Person]) -> None:
    person = event.resource
"""


def project(folder: Path) -> list[int]:
    """A project of a user's with mistakes in it; the lines they are in."""
    text = PROJECT + "".join(f"    print({mistake})\n" for mistake in MISTAKES)
    (folder / "handlers.py").write_text(text)
    lines = text.splitlines()
    handlers = [lines.index("@router.on(CallCreated)"), lines.index("@router.on(PersonUpdated, CallCreated)")]
    return [number + 1 for number in (*handlers, *range(len(lines) - len(MISTAKES), len(lines)))]


def test_the_examples_pass_their_tests(tmp_path: Path) -> None:
    """All of them, written into the files they name, as one project."""
    for block in blocks("docs/resources.md", "python"):
        (tmp_path / file_of(block)).write_text(block.text)
    options = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function", "-c", os.devnull)

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"--rootdir={tmp_path}", *options, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert "3 passed" in ran.stdout


def test_mypy_finds_the_mistakes_and_nothing_else(tmp_path: Path) -> None:
    """A handler of the wrong kind, of one kind too few, a field that is not there, one that may be None."""
    wrong = project(tmp_path)

    ran = subprocess.run([*MYPY, "--output=json", "."], cwd=tmp_path, capture_output=True, text=True, check=False)

    found = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert [each["line"] for each in found] == wrong, ran.stdout
    assert [each["code"] for each in found][2:] == list(MISTAKES.values())


@pytest.mark.skipif(
    not NAMED and not (NODE and BUILT.exists()),
    reason="PYRIGHT DOES NOT LOOK AT A USER'S PROJECT: run `make tools` with npm installed (or PYRIGHT=its program)",
)
def test_pyright_finds_the_same(tmp_path: Path) -> None:
    """In its strict mode, with the types of this package as they are installed."""
    wrong = project(tmp_path)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))

    ran = subprocess.run(
        [*PYRIGHT, "--outputjson", "--pythonpath", sys.executable, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    found = json.loads(ran.stdout)["generalDiagnostics"]
    lines = [each["range"]["start"]["line"] + 1 for each in found if each["severity"] == "error"]
    assert sorted(set(lines)) == wrong, found
