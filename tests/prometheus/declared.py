"""A declaration in a real Kubernetes, and the operator that keeps it true."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from salesloft_webhooks.operator.api_group import Kind
from tests.chart.api_server import ApiServer
from tests.chart.declared import define
from tests.chart.rendering import TOOLS
from tests.operator.definitions import declare, path
from tests.support.backfill_process import TOKEN
from tests.support.operator_process import OperatorProcess
from tests.support.waiting import wait_until

KEY = "1" * 64
"""A master key that the receiver has, too."""
NAMESPACE = "observed"
IS_THERE = (TOOLS / "bin" / "kube-apiserver").exists()
"""Whether there is a Kubernetes here; in CI there is."""


@contextmanager
def operating(directory: Path, store: str, salesloft: str) -> Iterator[OperatorProcess]:
    """The operator, once what is declared is subscribed to."""
    kubernetes = ApiServer(directory / "kubernetes")
    kubernetes.directory.mkdir()
    try:
        kubernetes.start_bare()
        define(kubernetes)
        kubernetes.namespace(NAMESPACE)
        _write_secret(kubernetes, "salesloft-api", "token", TOKEN)
        _write_secret(kubernetes, "salesloft-keys", "callback-secret", KEY)
        api = {"baseUrl": salesloft, "tokenSecretRef": {"name": "salesloft-api"}}
        declare(kubernetes, NAMESPACE, events=["note_created"], api=api)
        allowed = {"OPERATOR_API_URLS": salesloft}
        operator = OperatorProcess(kubernetes.kubeconfig(NAMESPACE), store, allowed).start()
        try:
            name, labels = "salesloft_webhooks_operator_subscriptions", {"object": "sales", "state": "active"}
            wait_until(lambda: operator.metric(name, **labels) == 1, seconds=60, description="it is subscribed to")
            yield operator
        finally:
            operator.kill()
    finally:
        kubernetes.stop()


def _write_secret(kubernetes: ApiServer, name: str, entry: str, value: str) -> None:
    content = {"metadata": {"name": name}, "data": {entry: base64.b64encode(value.encode()).decode()}}
    kubernetes.request("POST", path(NAMESPACE, Kind.SECRET), content)
