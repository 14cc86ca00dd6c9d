"""What is said of when fuzzing runs is what runs."""

import re

import yaml

from tests.fuzz.targets import MODULES, target
from tests.support.rules_and_dashboards import ROOT


def test_every_night_ten_minutes_are_searched() -> None:
    """The workflow is on a schedule, may only read, and runs a target of the Makefile that is given its seconds."""
    text = (ROOT / ".github/workflows/nightly.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    triggers = workflow[True]  # YAML 1.1 takes `on` for a truth

    commands = [step["run"] for step in workflow["jobs"]["fuzz"]["steps"] if "run" in step]

    assert len(triggers["schedule"][0]["cron"].split()) == 5
    assert workflow["permissions"] == {"contents": "read"}
    assert commands == ["make fuzz SECONDS=600"]
    assert workflow["jobs"]["fuzz"]["timeout-minutes"] * 60 > 2 * 600


def test_the_makefile_passes_the_seconds_on() -> None:
    """`make fuzz SECONDS=...` searches for so long, and every target is there by its name."""
    makefile = (ROOT / "Makefile").read_text("utf-8")

    assert re.search(r"^fuzz: .*\n\t\$\(BIN\)/python -m tests\.fuzz --seconds \$\(SECONDS\)", makefile, re.MULTILINE)
    assert all(target(name).modules for name in MODULES)
