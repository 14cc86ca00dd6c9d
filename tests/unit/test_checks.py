"""`make check` finds the mistakes of which this code was once full, if somebody makes one again."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.rules_and_dashboards import ROOT

PACKAGE = "service/salesloft_webhooks"
CHECKS = ROOT / ".ci"

PLANTED = {
    "a file too long": ("checks/sizes.py", {"long.py": "\n" * 251}, "251 lines"),
    "a script too long": ("checks/sizes.py", {"lua/long.lua": "\n" * 251}, "251 lines"),
    "a function too long": ("checks/sizes.py", {"one.py": "def f():\n" + "    x = 1\n" * 41}, "f has 41 lines"),
    "singular and plural": ("checks/names.py", {"group.py": "", "rooms/groups.py": ""}, "group and groups differ"),
    "a participle": ("checks/names.py", {"quarantine.py": "", "quarantined.py": ""}, "differ by an ending"),
    "a metaphor in Python": ("checks/names.py", {"one.py": "class Desk:\n    pass\n"}, "Desk: say delivery endpoint"),
    "a metaphor in Lua": ("checks/names.py", {"lua/one.lua": "local doorbell = 1\n"}, "doorbell: say"),
    "a metaphor as a file": ("checks/names.py", {"leash.py": ""}, "leash: say parent watch"),
    "a name that says nothing": ("checks/names.py", {"utils/one.py": ""}, "utils says nothing"),
}


@pytest.mark.parametrize(("check", "files", "found"), PLANTED.values(), ids=PLANTED)
def test_a_planted_mistake_is_found(tmp_path: Path, check: str, files: dict[str, str], found: str) -> None:
    """The check ends with 1 and says what and where."""
    for name, content in files.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    run = subprocess.run([sys.executable, CHECKS / check], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert found in run.stdout


@pytest.mark.parametrize("check", sorted({check for check, _, _ in PLANTED.values()}))
def test_the_tree_as_it_is_has_none(check: str) -> None:
    """The same check finds nothing in what is there."""
    run = subprocess.run([sys.executable, CHECKS / check], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (0, "")
