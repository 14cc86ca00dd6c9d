"""docs/groups.md: its object, its commands, and what it says that they show."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from salesloft_webhooks.operator import group_conditions
from tests.operator.groups import LookedAfter
from tests.support.documents import blocks, read

PAGE = "docs/groups.md"


async def test_the_page_shows_what_there_is(groups: LookedAfter, tmp_path: Path) -> None:
    """Its object is applied as it stands, each command pasted; the columns are those of the page."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    (declared,) = blocks(PAGE, "yaml")
    (shown,) = blocks(PAGE, "text")
    see, apply = (block.text for block in blocks(PAGE, "sh"))
    (tmp_path / "crm.yaml").write_text(declared.text)
    await groups.driven.group()
    environment = os.environ | {"KUBECONFIG": str(groups.kubernetes.kubeconfig(groups.cluster.namespace))}

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-ec", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    run(apply)
    await groups.look()
    described, columns = run(apply), run(see)

    assert columns.split("\n")[0].split() == shown.text.split("\n")[0].split()
    assert re.search(r"^crm +True +0 +0 +true +0 +\d+s$", columns, re.MULTILINE)
    assert "moving the CRM" in described
    assert f"{groups.cluster.namespace}/crm pauses it until 2036-11-26T06:00:00Z" in described


@pytest.mark.parametrize("flags", ["", "--server-side"], ids=["client", "server"])
async def test_an_object_of_the_operators_can_be_taken_over(groups: LookedAfter, tmp_path: Path, flags: str) -> None:
    """Applying the page's object to it is enough, and so is applying one without a pause, or deleting it."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    (declared,) = blocks(PAGE, "yaml")
    path = tmp_path / "crm.yaml"
    await groups.driven.group()
    await groups.look()

    def apply(text: str) -> None:
        path.write_text(text)
        command = ["kubectl", "apply", *flags.split(), "-f", str(path)]
        environment = os.environ | {"KUBECONFIG": str(groups.kubernetes.kubeconfig(groups.cluster.namespace))}
        subprocess.run(command, env=environment, check=True, capture_output=True)

    apply(declared.text)
    await groups.look()
    paused = groups.condition()
    apply(declared.text.partition("spec:")[0] + "spec: {}\n")
    await groups.look()
    resumed = groups.condition()
    groups.withdraw()
    await groups.look()

    assert (paused, resumed) == (("True", "Paused"), ("True", "Idle"))
    assert groups.condition() == ("True", "Idle")


def test_the_page_explains_every_reason() -> None:
    """Those of the module that gives them, and none besides."""
    documented = re.findall(
        r"^    +(?:`Ready` +)?(?:True|False|Unknown)? +`(\w+)`", str(group_conditions.__doc__), re.MULTILINE
    )
    ready = {reason for reason in documented if reason not in {"UpToDate", "Behind", "CaughtUp", "Ready"}}
    rows = re.findall(r"^\| (?:True|False|Unknown) \| ([^|]+)\|", read(PAGE), re.MULTILINE)

    assert {reason for row in rows for reason in re.findall(r"`(\w+)`", row)} == ready
    assert len(ready) > 8
