"""What a release is worth: who signed it, what is in it, and that it can be installed and followed."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.chart.api_server import ApiServer
from tests.chart.rendering import CHART, ROOT, TOOLS
from tests.chart.test_cluster import RELEASED
from tests.image.containers import engine
from tests.release.published import ARCHITECTURE, VERSION, Published

CHART_VERSION = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["version"]
COMMIT = subprocess.run(
    ["git", "-C", ROOT, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
).stdout.strip()


def test_what_was_published_is_verified(published: Published) -> None:
    """Image, chart, bill of materials and provenance are signed with our key."""
    published.step("verify", ARCHITECTURE)


def test_the_key_of_somebody_else_verifies_nothing(published: Published) -> None:
    """Whoever asks for another signer than ours is told so."""
    ended = published.tried("verify", ARCHITECTURE, key="strangers")

    assert ended.returncode != 0
    assert "no matching signatures" in ended.stderr or "invalid signature" in ended.stderr, ended.stderr


INSTALLED = "import importlib.metadata as m; print(*(f'{d.name}=={d.version}' for d in m.distributions()))"


def test_the_bill_of_materials_is_what_is_in_the_image(published: Published) -> None:
    """Each package that Python finds in the image is in it with its version, and Debian's packages are, too."""
    tag = f"{published.image}-{ARCHITECTURE}"
    python = ["--entrypoint", "/opt/salesloft-webhooks/bin/python3", tag, "-c", INSTALLED]
    installed = {comparable(each) for each in engine("run", "--rm", *python).stdout.split()}

    components = published.statement("cyclonedx", tag)["predicate"]["components"]

    listed = {comparable(f"{item['name']}=={item.get('version', '')}") for item in components}
    assert len(installed) > 40
    assert installed - listed == set()
    assert any(item.get("purl", "").startswith("pkg:deb/") for item in components)
    assert "htmx-org==2.0.11" in listed  # vendored


def comparable(package: str) -> str:
    """A name and version, with the name as packaging tools compare it."""
    name, _, version = package.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


def test_the_provenance_names_the_commit(published: Published) -> None:
    """It says from which commit and which lock the image was made."""
    statement = published.statement("slsaprovenance1", published.image)

    source, lock = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert statement["subject"][0]["digest"]["sha256"] == published.digest.removeprefix("sha256:")
    assert source["digest"]["gitCommit"] == COMMIT
    assert lock["name"] == "requirements.lock"


@pytest.mark.parametrize("program", ["helm", "helm-oldest"])
def test_the_released_version_is_followed_from_the_registry(
    published: Published, cluster: ApiServer, program: str
) -> None:
    """0.1.0 is installed by its address, and upgraded by address to the signed image of this version."""
    address, namespace = f"oci://{published.registry}/charts", cluster.namespace(f"follows-{program}")
    plain = ["--plain-http", "--no-hooks", "--namespace", namespace]
    first = RELEASED[0]
    subprocess.run([TOOLS / "bin/helm", "push", first, address, "--plain-http"], check=True, capture_output=True)
    older = first.stem.removeprefix("salesloft-webhooks-")

    cluster.helm("install", "shop", f"{address}/salesloft-webhooks", "--version", older, *plain, program=program)
    cluster.helm(
        "upgrade", "shop", f"{address}/salesloft-webhooks", "--version", CHART_VERSION, *plain, program=program
    )

    receiver = cluster.request(
        "GET", f"apis/apps/v1/namespaces/{namespace}/deployments/shop-salesloft-webhooks-receiver"
    )
    (container,) = receiver["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{published.registry}/salesloft-webhooks@{published.digest}"


def test_the_image_says_its_version(published: Published) -> None:
    """The label is the version of the package inside."""
    tag = f"{published.image}-{ARCHITECTURE}"
    label = engine("inspect", "--format", '{{index .Config.Labels "org.opencontainers.image.version"}}', tag).stdout

    assert label.strip() == VERSION
    assert VERSION in engine("run", "--rm", tag, "version").stdout


def test_another_image_under_the_same_tag_is_refused(published: Published, tmp_path: Path) -> None:
    """A tag that was moved to something nobody signed fails the check, whatever its name says."""
    (tmp_path / "Dockerfile").write_text(f"FROM {published.image}-{ARCHITECTURE}\nENV STRANGER=1\n", "utf-8")
    engine("build", "--tag", published.image, str(tmp_path))
    engine("push", published.image)

    ended = published.tried("verify", ARCHITECTURE)

    assert ended.returncode != 0
    assert "no signatures found" in ended.stderr or "no matching" in ended.stderr, ended.stderr
