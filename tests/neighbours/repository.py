"""A git repository in the cluster, with this chart in it."""

import base64
import io
import tarfile

from tests.chart.rendering import CHART, Object

SERVE = """
set -e
cd "$(mktemp -d)"
mkdir charts /tmp/served
tar --extract --gzip --file /chart/chart.tgz --directory charts
git init --quiet --initial-branch=main
git add --all
git -c user.name=tests -c user.email=tests@example.com commit --quiet --message=chart
git tag v0.1.0
git clone --quiet --bare . /tmp/served/salesloft-webhooks.git
exec git daemon --reuseaddr --export-all --base-path=/tmp/served
"""


def repository() -> list[Object]:
    """The pod `repository`, its Service, and the chart that it serves by git, tagged as the example asks for it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(CHART, arcname=CHART.name)
    metadata = {"name": "repository", "labels": {"app": "repository"}}
    container = {
        "name": "git",
        "image": "argo-cd:built",
        "command": ["sh", "-c", SERVE],
        "readinessProbe": {"tcpSocket": {"port": 9418}},
        "volumeMounts": [{"name": "chart", "mountPath": "/chart"}],
    }
    volume = {"name": "chart", "configMap": {"name": "repository"}}
    content = {"chart.tgz": base64.b64encode(archive.getvalue()).decode()}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "binaryData": content},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [container], "volumes": [volume]},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": {"app": "repository"}, "ports": [{"port": 9418}]},
        },
    ]
