"""The page of releases, as whoever publishes or installs one would follow it."""

import os
import subprocess

from tests.chart.rendering import ROOT, TOOLS
from tests.release.published import ARCHITECTURE, VERSION, Published
from tests.support.documents import Block, blocks

PAGE = blocks("docs/releases.md", "sh")


def pasted(release: Published, block: Block) -> subprocess.CompletedProcess[str]:
    """A block in a shell, with our names for those that a reader has to put in."""
    text = block.text.replace("registry.example.com/platform", release.registry).replace(
        "REGISTRY/", f"{release.registry}/"
    )
    text = text.replace("VERSION", VERSION).replace("ours.", f"{release.folder}/ours.").replace(" arm64", "")
    environment = os.environ | {
        "PATH": f"{TOOLS / 'bin'}:{os.environ['PATH']}",
        "DOCKER": release.docker,
        "OUT": str(release.folder),
        "COSIGN_PASSWORD": "",
        "MANIFEST_OPTIONS": "--insecure",
        "HELM_OPTIONS": "--plain-http",
    }
    command = ["bash", "-euc", text]
    return subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True, text=True, timeout=900)


def test_the_page_leads_from_a_clone_to_what_is_verified(published: Published) -> None:
    """Published by hand as the page says, everything verifies by the page's commands, with the key or the script.

    Two need what is not here: a cluster, which another test has, and the workflow's identity.
    """
    (publish,) = [block for block in PAGE if "make release-tools" in block.text]
    verify = [block for block in PAGE if "COSIGN_PUBLIC_KEY" in block.text or "--key" in block.text]

    done = pasted(published, publish)
    assert done.returncode == 0, done.stderr
    for block in verify:
        answered = pasted(published, block)
        assert answered.returncode == 0, answered.stderr
    assert ARCHITECTURE in publish.text
    assert [block.text.split()[:2] for block in PAGE if block not in [publish, *verify]] == [
        ["helm", "install"],
        ["cosign", "verify"],
    ]
