"""A shell on a person's machine, into which blocks of documents are pasted, and its ways into the cluster."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.chart.rendering import ROOT, TOOLS
from tests.kind.cluster import CONTEXT, NAMESPACE, kubectl, run
from tests.support.waiting import wait_until

Words = Mapping[str, str | Callable[[str], str]]
"""What a reader writes for the words in capitals; a function is asked when a block has the word, and is given it."""
ENDLESS = (" --watch", " events tail ")
"""What is looked at until somebody interrupts it."""
GRACE_SECONDS = 6
"""How long somebody looks at what goes on until it is interrupted."""


@dataclass(frozen=True)
class Shell:
    """A bash with our program, kubectl, Helm and the cluster's context.

    Attributes:
        folder: Where it works; it has our `charts`.
        environment: What its program needs besides.
    """

    folder: Path
    environment: dict[str, str]

    @classmethod
    def opened(cls, folder: Path, **environment: str) -> Self:
        """One in a folder, whose only context is the tests' own."""
        (folder / "charts").symlink_to(ROOT / "charts")
        (folder / "bin").mkdir()
        program = folder / "bin" / "salesloft-webhooks"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m salesloft_webhooks "$@"\n')
        program.chmod(0o755)
        config = run("kubectl", "config", "view", "--minify", "--flatten", f"--context={CONTEXT}").stdout
        (folder / "kubeconfig").write_text(config)
        return cls(folder, environment | {"KUBECONFIG": str(folder / "kubeconfig"), "HOME": str(folder)})

    def paste(self, text: str, words: Words | None = None, *, prepared: str = "", seconds: float = 240) -> str:
        """What a block prints; the test fails where one of its commands does.

        What runs on until somebody interrupts it (`ENDLESS`) is interrupted after a few seconds, and what a block
        leaves in the background ends with it.

        Args:
            text: The block.
            words: For its words in capitals.
            prepared: The blocks that its page has the reader paste before.
            seconds: How long it may take.
        """
        lines = [_interrupted(line) if any(word in line for word in ENDLESS) else line for line in text.splitlines()]
        ending = "shopt -s expand_aliases\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT"
        script = filled("\n".join([ending, prepared, *lines, ""]), words or {})
        path = f"{self.folder / 'bin'}:{TOOLS / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-e"],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=os.environ | self.environment | {"PATH": path},
            timeout=seconds,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


def _interrupted(line: str) -> str:
    return f"{line} & sleep {GRACE_SECONDS}; kill $!"


def filled(text: str, words: Words) -> str:
    """The same with its words in capitals replaced."""
    for word, meaning in words.items():
        pattern = rf"(?<!\w){re.escape(word)}(?!\w)"
        if re.search(pattern, text):
            value = meaning(text) if callable(meaning) else meaning
            text = re.sub(pattern, value.replace("\\", r"\\"), text)
    return text


class Forwarded:
    """A port of the cluster as one of this machine, for as long as the context lasts; found again when its pod is gone.

    Args:
        target: ``service/name`` or ``deployment/name``.
        port: Its port.
        namespace: Where it is.
        here: This machine's port; 0 for any.
    """

    def __init__(self, target: str, port: int, *, namespace: str = NAMESPACE, here: int = 0) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", here))
            self.port: int = free.getsockname()[1]
        scope = f"kubectl --context {CONTEXT} --namespace {namespace}"
        # A tunnel ends with its pod, and pods end in these tests.
        self._loop = f"while :; do {scope} port-forward {target} {self.port}:{port}; sleep 1; done"

    def __enter__(self) -> Self:
        null = subprocess.DEVNULL
        self._process = subprocess.Popen(["bash", "-c", self._loop], stdout=null, stderr=null, start_new_session=True)
        wait_until(self.is_open, seconds=60, description="the port is forwarded")
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, 15)
        self._process.wait()

    def is_open(self) -> bool:
        """Whether it can be connected to."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


def ended(pod: str) -> None:
    """Let the program in a pod's first container end, as at a crash: its container is started again."""
    before = _restarts(pod)
    kubectl("exec", pod, "--", "sh", "-c", "kill 1", check=False)
    wait_until(lambda: _restarts(pod) > before, seconds=120, description=f"{pod} has been started again")


def _restarts(pod: str) -> int:
    return int(kubectl("get", "pod", pod, "--output=jsonpath={.status.containerStatuses[0].restartCount}") or 0)
