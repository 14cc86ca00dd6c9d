"""What `init` writes becomes an image with the author's own libraries, and the service's stay what they were."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.containers import ENGINE, IMAGE, Container, engine
from tests.support.servers import Server

TAG = "acme-hooks:under-test"
NEEDS_A_LIBRARY = "\nimport slugify\n\nassert slugify.slugify('A b') == 'a-b'\n"


def build(project: Path) -> subprocess.CompletedProcess[str]:
    """The project's image, made as its Makefile does."""
    command = [ENGINE, "build", "--network=host", f"--build-arg=BASE={IMAGE}", "--tag", TAG, str(project)]
    environment = os.environ | {"DOCKER_BUILDKIT": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=170)


def require(project: Path, requirement: str) -> None:
    """Add a line to the project's requirements."""
    with (project / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write(f"{requirement}\n")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A fresh project; its image is removed again."""
    program = Path(sys.executable).parent / "salesloft-webhooks"
    subprocess.run([str(program), "init", "acme-hooks", "--in", str(tmp_path)], check=True, capture_output=True)
    yield tmp_path / "acme-hooks"
    engine("rmi", "--force", TAG, check=False)


def test_a_handler_has_the_library_it_asks_for(project: Path, valkey: Server) -> None:
    """A line in requirements.txt is all it takes: the worker in the image starts with the library it imports."""
    require(project, "python-slugify==8.0.4")
    with (project / "acme_hooks" / "handlers.py").open("a", encoding="utf-8") as file:
        file.write(NEEDS_A_LIBRARY)

    built = build(project)
    assert built.returncode == 0, built.stdout + built.stderr
    worker = ("worker", "--group=acme-hooks", "--handlers=acme_hooks.handlers:router")

    with Container(worker, valkey.url, image=TAG) as container:
        container.wait_until_ready()
    (image,) = json.loads(engine("image", "inspect", TAG).stdout)
    assert image["Config"]["User"] == "65532:65532"


def test_arrow_is_a_line_away(project: Path, valkey: Server) -> None:
    """The image has no Arrow, and says so; with the line of docs/warehouse.md the group `warehouse` is ready."""
    require(project, "pyarrow>=21")
    (project / "acme_hooks" / "handlers.yaml").write_text("warehouse:\n  url: file:///data\n", "utf-8")
    built = build(project)
    assert built.returncode == 0, built.stdout + built.stderr
    environment = {"HANDLERS_FILE": "/handlers/acme_hooks/handlers.yaml"}

    options = ("--tmpfs=/data:uid=65532",)

    with Container(("worker", "--group=warehouse"), valkey.url, environment, options, image=TAG) as container:
        container.wait_until_ready()
    without = engine(
        "run", "--rm", "--entrypoint=/opt/salesloft-webhooks/bin/python", IMAGE, "-c", "import pyarrow", check=False
    )
    assert "No module named 'pyarrow'" in without.stderr


def test_a_library_that_would_change_the_service_is_refused(project: Path) -> None:
    """A requirement that contradicts what the service runs with fails the build instead of replacing it."""
    require(project, "redis<5")

    built = build(project)

    assert built.returncode != 0
    assert "conflict" in (built.stdout + built.stderr).lower()
