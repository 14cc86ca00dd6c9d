"""Commands of our pages, run as somebody pastes them: with kubectl, Helm and our own program, in a shell."""

import asyncio
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chart.rendering import TOOLS
from tests.operator.team import KEY, TOKEN, Team

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@dataclass(frozen=True)
class Shell:
    """A shell on a machine from which the team's namespace, store and SalesLoft can be reached.

    Attributes:
        team: Whose they are.
        folder: Where it works.
    """

    team: Team
    folder: Path

    async def run(self, text: str, page: str = "page") -> str:
        """What a block of a page says when it is pasted; it fails where one of its commands does.

        Each page has a folder of its own, where it leaves files. That a `grep` finds nothing is no failure: no pods run
        here, so there are no logs.
        """
        lines = [f"{line} || [ $? = 1 ]" if "| grep" in line else line for line in text.splitlines()]
        return await asyncio.to_thread(self._run, "\n".join(lines), self.folder / page)

    def _run(self, text: str, folder: Path) -> str:
        program = folder / "bin" / "salesloft-webhooks"
        program.parent.mkdir(exist_ok=True, parents=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m salesloft_webhooks "$@"\n')
        program.chmod(0o755)
        environment = {
            "PATH": f"{program.parent}:{TOOLS / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.team.kubernetes.kubeconfig(self.team.namespace)),
            "REDIS_URL": self.team.valkey.url,
            "SALESLOFT_API_URL": self.team.platform.url,
            "SALESLOFT_API_TOKEN": TOKEN,
            "SALESLOFT_CALLBACK_SECRET": KEY,
        }
        done = subprocess.run(
            ["bash", "-e"],
            input=text,
            capture_output=True,
            text=True,
            cwd=folder,
            env=os.environ | environment,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout
