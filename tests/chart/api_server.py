"""A real Kubernetes API server with its database, on loopback, without nodes: objects are checked and kept, not run."""

import json
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.chart.rendering import CHART, TOOLS, Object, Values
from tests.support.servers import free_port
from tests.support.waiting import wait_until

TOKEN = "the-tests-own"
"""The only login of a server that lives as long as the tests."""

RESOURCES = {
    "Deployment": "apis/apps/v1/{namespace}/deployments",
    "StatefulSet": "apis/apps/v1/{namespace}/statefulsets",
    "Secret": "api/v1/{namespace}/secrets",
    "Pod": "api/v1/{namespace}/pods",
    "Service": "api/v1/{namespace}/services",
    "ServiceAccount": "api/v1/{namespace}/serviceaccounts",
    "Ingress": "apis/networking.k8s.io/v1/{namespace}/ingresses",
    "NetworkPolicy": "apis/networking.k8s.io/v1/{namespace}/networkpolicies",
    "HTTPRoute": "apis/gateway.networking.k8s.io/v1/{namespace}/httproutes",
    "PodDisruptionBudget": "apis/policy/v1/{namespace}/poddisruptionbudgets",
}


@dataclass
class ApiServer:
    """etcd and kube-apiserver as child processes.

    Attributes:
        directory: Where they keep data, certificates and logs.
    """

    directory: Path
    port: int = field(default_factory=free_port)
    _store_port: int = field(default_factory=free_port)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _namespaces: Counter[str] = field(default_factory=Counter)

    def start(self) -> "ApiServer":
        """Start both, wait until requests are served, and define the operators' resources."""
        self.start_bare()
        for file in sorted((TOOLS / "definitions").glob("*.yaml")):
            for definition in yaml.load_all(file.read_text("utf-8"), Loader=yaml.CSafeLoader):
                if definition:
                    self.request("POST", "apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        wait_until(self._knows_custom_resources, seconds=30, description="custom resources are served")
        return self

    def start_bare(self) -> "ApiServer":
        """Start both, and wait until requests are served."""
        self._spawn(
            "etcd",
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{self._store_port}",
            f"--advertise-client-urls=http://127.0.0.1:{self._store_port}",
            f"--listen-peer-urls=http://127.0.0.1:{free_port()}",
            "--unsafe-no-fsync",  # nobody needs these objects again: a busy disk cost whole time-outs
        )
        subprocess.run(["openssl", "genrsa", "-out", str(self._key), "2048"], check=True, capture_output=True)
        self._tokens.write_text(f'{TOKEN},tests,tests,"system:masters"\n', "utf-8")
        self.serve()
        return self

    def serve(self) -> None:
        """Start the API server alone, on its port and with what it had, and wait until requests are served."""
        self._spawn(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._store_port}",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self.directory / 'certificates'}",
            f"--token-auth-file={self._tokens}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._key}",
            f"--service-account-signing-key-file={self._key}",
            "--service-cluster-ip-range=10.0.0.0/24",
            # No controller makes the accounts' objects here, which this plugin would wait for.
            "--disable-admission-plugins=ServiceAccount",
        )
        wait_until(self._ready, seconds=90, description="the API server is ready")

    def kill(self) -> None:
        """End the API server at once; what it kept is kept."""
        process = self._processes.pop("kube-apiserver")
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End both, newest first."""
        for process in reversed(self._processes.values()):
            process.terminate()
            process.wait(timeout=30)

    def namespace(self, name: str, *, kept: bool = False) -> str:
        """Make one that enforces the restricted Pod Security Standard.

        A test's second try gets one of its own; with ``kept`` the same one, the owner of what a cluster has once.
        """
        self._namespaces[name] += 1
        if kept and self._namespaces[name] > 1:
            return name
        if (tries := self._namespaces[name]) > 1:
            name = f"{name}-{tries}"
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        self.request("POST", "api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        return name

    def objects(self, kind: str, namespace: str) -> dict[str, Object]:
        """The objects of a kind by name."""
        path = RESOURCES[kind].format(namespace=f"namespaces/{namespace}")
        return {item["metadata"]["name"]: item for item in self.request("GET", path)["items"]}

    def admits(self, namespace: str, pod: Object) -> str:
        """Why the server would not let this pod in; empty when it would. The pod is not created."""
        path = RESOURCES["Pod"].format(namespace=f"namespaces/{namespace}")
        content = {"metadata": {"name": "probe", **pod["metadata"]}, "spec": {"restartPolicy": "Always", **pod["spec"]}}
        try:
            self.request("POST", path + "?dryRun=All", content)
        except urllib.error.HTTPError as exc:
            return str(json.loads(exc.read())["message"])
        return ""

    @property
    def trust(self) -> ssl.SSLContext:
        """By which it is known."""
        return ssl.create_default_context(cafile=str(self._authority))

    def kubeconfig(self, namespace: str, *, token: str = TOKEN, port: int | None = None, scheme: str = "https") -> Path:
        """A file that tells a program where this server is, or a port before it, and who it is there."""
        path = self.directory / f"{namespace}-{token[-8:]}-{port or self.port}.kubeconfig"
        cluster = {"server": f"{scheme}://127.0.0.1:{port or self.port}", "certificate-authority": str(self._authority)}
        content = {
            "current-context": "tests",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "tests", "user": {"token": token}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests", "namespace": namespace}}],
        }
        new = path.with_suffix(f".{threading.get_ident()}")
        new.write_text(json.dumps(content), "utf-8")
        new.replace(path)  # whoever reads it meanwhile finds all of it
        return path

    def request(
        self,
        method: str,
        path: str,
        content: Object | None = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        token: str = TOKEN,
    ) -> Any:
        """One call of the API; raises `urllib.error.HTTPError` for anything but success."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}/{path}",
            method=method,
            data=json.dumps(content).encode() if content else None,
            headers={"Authorization": f"Bearer {token}", "Content-Type": content_type, "Accept": accept},
        )
        with urllib.request.urlopen(request, context=self.trust, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def helm(self, *arguments: str, values: Values | None = None, program: str = "helm") -> str:
        """What a Helm command says; the test fails with its message when it fails."""
        connection = [
            *(f"--kube-apiserver=https://127.0.0.1:{self.port}", f"--kube-token={TOKEN}"),
            f"--kube-ca-file={self._authority}",
        ]
        given = ["--values", "-"] if values is not None else []
        completed = subprocess.run(
            [str(TOOLS / "bin" / program), *arguments, *given, *connection],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert completed.returncode == 0, completed.stderr
        return completed.stdout + completed.stderr

    def install(self, namespace: str, values: Values, *, chart: Path = CHART, program: str = "helm") -> str:
        """Install or upgrade the release `shop`, without its hooks: nobody would run their pods here."""
        # Without --reset-values Helm takes "no values" to mean those of the last time.
        flags = ["--install", "--reset-values", "--no-hooks", "--namespace", namespace]
        return self.helm("upgrade", "shop", str(chart), *flags, values=values, program=program)

    @property
    def _authority(self) -> Path:
        return self.directory / "certificates" / "apiserver.crt"

    @property
    def _key(self) -> Path:
        return self.directory / "accounts.key"

    @property
    def _tokens(self) -> Path:
        return self.directory / "tokens.csv"

    def _spawn(self, program: str, *arguments: str) -> None:
        log = (self.directory / f"{program}.log").open("wb")
        with log:
            command = [str(TOOLS / "bin" / program), *arguments]
            self._processes[program] = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd=self.directory
            )

    def _ready(self) -> bool:
        assert all(process.poll() is None for process in self._processes.values()), f"see the logs in {self.directory}"
        try:
            return bool(self.request("GET", "api/v1/namespaces/default"))
        except (OSError, FileNotFoundError):
            return False

    def _knows_custom_resources(self) -> bool:
        groups = {group["name"] for group in self.request("GET", "apis")["groups"]}
        return {"keda.sh", "monitoring.coreos.com", "gateway.networking.k8s.io", "external-secrets.io"} <= groups
