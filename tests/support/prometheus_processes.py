"""Prometheus and Alertmanager as child processes, and what one asks them."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from tests.support.rules_and_dashboards import RULES
from tests.support.servers import free_port
from tests.support.waiting import wait_until

PROMETHEUS = shutil.which("prometheus")
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
MISSING = "Prometheus or Alertmanager is not installed: run .ci/prometheus (Debian's packages)"


def get(url: str) -> Any:
    """The JSON at an address on this machine."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback only
        return json.load(answer)


@dataclass
class Daemon(ABC):
    """A child process with an HTTP port on loopback; its log goes to a file in ``directory``."""

    directory: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def command(self) -> Sequence[str]:
        """How it is started."""

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "log").open("wb") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.directory)
        wait_until(self._ready, seconds=30, description=f"{type(self).__name__} is ready")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:  # noqa: S310 - loopback only
                return bool(answer.status == 200)
        except OSError:
            return False


@dataclass
class Alertmanager(Daemon):
    """Alertmanager, keeping what it gets."""

    def command(self) -> Sequence[str]:
        """How it is started."""
        configuration = self.directory / "alertmanager.yml"
        configuration.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", "utf-8")
        return [
            str(ALERTMANAGER),
            f"--config.file={configuration}",
            f"--storage.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert it has been sent and that is not over."""
        found: list[dict[str, Any]] = get(f"{self.url}/api/v2/alerts")
        return found


@dataclass
class Prometheus(Daemon):
    """Prometheus with our rules.

    Attributes:
        targets: Operations ports by job name.
        alertmanager: Where alerts go, if anywhere.
        interval: Between two scrapes, and two evaluations of the rules.
        patience: Replaces the waiting time (``for``) of every alert, when a test has none.
        scrapes: What is scraped besides, as Prometheus' own configuration says it.
        documents: Files of rules by name, in the place of the repository's own.
    """

    targets: Mapping[str, Sequence[int]] = field(default_factory=dict)
    alertmanager: Alertmanager | None = None
    interval: str = "1s"
    patience: str | None = None
    scrapes: Sequence[dict[str, Any]] = ()
    documents: Mapping[str, dict[str, Any]] | None = None

    def command(self) -> Sequence[str]:
        """How it is started."""
        configuration = self.directory / "prometheus.yml"
        configuration.write_text(yaml.safe_dump(self._configuration()), "utf-8")
        return [
            str(PROMETHEUS),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--web.enable-admin-api",
        ]

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """The result of an expression now, or at a time in seconds since 1970.

        Raises:
            urllib.error.HTTPError: Prometheus does not understand it.
        """
        asked = {"query": expression} | ({} if at is None else {"time": str(at)})
        answer = get(f"{self.url}/api/v1/query?" + urllib.parse.urlencode(asked))
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def snapshot(self) -> Path:
        """A copy of all that it has stored, for another one to begin with."""
        answer = self._administer("snapshot")
        return self.directory / "data" / "snapshots" / str(answer["data"]["name"])

    def forget(self, selector: str) -> None:
        """Let nobody see the series any more that a selector finds."""
        self._administer("delete_series?" + urllib.parse.urlencode({"match[]": selector}))

    def _administer(self, what: str) -> Any:
        asked = urllib.request.Request(f"{self.url}/api/v1/admin/tsdb/{what}", method="POST")  # noqa: S310 - loopback
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - loopback only
            return json.loads(answer.read() or "null")

    def rules(self) -> list[dict[str, Any]]:
        """Every rule with its health and, for alerts, its state."""
        return [rule for group in get(f"{self.url}/api/v1/rules")["data"]["groups"] for rule in group["rules"]]

    def _configuration(self) -> dict[str, Any]:
        scrapes = [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]}
            for job, ports in self.targets.items()
        ]
        found: dict[str, Any] = {
            "global": {"scrape_interval": self.interval, "evaluation_interval": self.interval},
            "scrape_configs": [*scrapes, *self.scrapes],
            "rule_files": [self._written(name, document) for name, document in self._documents().items()],
        }
        if self.alertmanager is not None:
            target = f"127.0.0.1:{self.alertmanager.port}"
            found["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [target]}]}]}
        return found

    def _documents(self) -> Mapping[str, dict[str, Any]]:
        if self.documents is not None:
            return self.documents
        return {path.name: yaml.safe_load(path.read_text("utf-8")) for path in sorted(RULES.glob("*.yaml"))}

    def _written(self, name: str, document: dict[str, Any]) -> str:
        for rule in (rule for group in document["groups"] for rule in group["rules"]):
            if self.patience is not None and "for" in rule:
                rule["for"] = self.patience
        target = self.directory / name
        target.write_text(yaml.safe_dump(document), "utf-8")
        return str(target)
