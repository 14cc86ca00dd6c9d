"""A release in a registry: the steps that make one, and what may be asked of it."""

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chart.rendering import ROOT, TOOLS

ARCHITECTURE = "amd64"
"""What the images of these tests are called; they are of this machine's."""
VERSION = next(
    line.split('"')[1] for line in (ROOT / "pyproject.toml").read_text("utf-8").splitlines() if line[:7] == "version"
)


@dataclass(frozen=True)
class Published:
    """One release.

    Attributes:
        registry: Host, port and path.
        folder: Where its keys and files are.
        docker: The engine's program.
    """

    registry: str
    folder: Path
    docker: str

    @property
    def image(self) -> str:
        """The image's name with the tag that users install."""
        return f"{self.registry}/salesloft-webhooks:{VERSION}"

    @property
    def digest(self) -> str:
        """The digest under which it was signed."""
        return (self.folder / "image.digest").read_text("utf-8").strip()

    def step(self, *arguments: str, key: str = "ours") -> subprocess.CompletedProcess[str]:
        """One step of `.ci/release`, which must succeed."""
        ended = self.tried(*arguments, key=key)
        assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
        return ended

    def tried(self, *arguments: str, key: str = "ours") -> subprocess.CompletedProcess[str]:
        """One step of `.ci/release`, with the keys of this name, however it ends."""
        environment = os.environ | {
            "REGISTRY": self.registry,
            "DOCKER": self.docker,
            "OUT": str(self.folder),
            "COSIGN_KEY": str(self.folder / f"{key}.key"),
            "COSIGN_PUBLIC_KEY": str(self.folder / f"{key}.pub"),
            "COSIGN_PASSWORD": "",
            "MANIFEST_OPTIONS": "--insecure",
            "HELM_OPTIONS": "--plain-http",
        }
        command = [str(ROOT / ".ci/release"), *arguments]
        return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=900)

    def statement(self, kind: str, reference: str) -> dict[str, Any]:
        """What was attested of an image and signed with our key."""
        key = str(self.folder / "ours.pub")
        options = ["--key", key, "--insecure-ignore-tlog=true", "--type", kind]
        answer = subprocess.run(
            [TOOLS / "bin/cosign", "verify-attestation", *options, reference],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        payload = json.loads(base64.b64decode(json.loads(answer.splitlines()[0])["payload"]))
        assert isinstance(payload, dict)
        return payload
