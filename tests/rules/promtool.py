"""Promtool replays time series through rules. The cases are its own test files beside this one, one per alert.

A case is replayed through the rules of its alert only: some are weeks long, and the other rules are not asked.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

CASES = Path(__file__).parent

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed: run .ci/prometheus (Debian's prometheus)"
)


def cases_of(alert: str) -> dict[str, Any]:
    """An alert's test file, in which every value is text: ``0x10`` is ten zeros here, and would be 16."""
    file = CASES / f"{alert}.yaml"
    content: dict[str, Any] = yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - makes texts only
    return content


def used(alert: str, rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """An alert's rules, and before them those of ``rules`` that record what they ask for, in their order."""
    wanted = [rule for rule in rules if rule.get("alert") == alert]
    for rule in reversed(rules):
        if rule.get("record") and any(rule["record"] in each["expr"] for each in wanted):
            wanted.insert(0, rule)
    return wanted


def replay(
    directory: Path, groups: Sequence[Sequence[dict[str, Any]]], interval: str, tests: Sequence[dict[str, Any]]
) -> None:
    """Let promtool run tests, as its files have them, on groups of rules, evaluated once an ``interval`` (``1m``).

    Its files are written into the directory.

    Raises:
        AssertionError: with what promtool says, when a test fails.
    """
    numbered = [{"name": f"group-{number}", "rules": list(rules)} for number, rules in enumerate(groups)]
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": interval, "tests": list(tests)}
    for name, content in (("rules.yaml", {"groups": numbered}), ("tests.yaml", document)):
        (directory / name).write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, width=10_000_000), "utf-8")
    command = ["promtool", "test", "rules", "tests.yaml"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
