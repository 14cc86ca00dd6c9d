"""The image as such: who it runs as, what it starts, what it says about itself."""

import json

from tests.image.containers import IMAGE, engine

LARGEST_BYTES = 142_000_000
"""Of what we put on the base: 138 MB, most of it gRPC, SQLAlchemy, Kubernetes' objects and the OpenSSL in
cryptography (14 MB, for the console's sign-in and encrypted bodies), with compiled sources."""


def configuration() -> dict[str, object]:
    """The image's configuration."""
    (image,) = json.loads(engine("image", "inspect", IMAGE).stdout)
    found: dict[str, object] = image["Config"]
    return found


def test_it_runs_as_a_numbered_user() -> None:
    """The user is a number other than 0, so Kubernetes can tell without looking inside."""
    assert configuration()["User"] == "65532:65532"


def test_the_first_process_is_ours() -> None:
    """The entry point is the program itself and not a shell, so signals reach it."""
    assert configuration()["Entrypoint"] == ["salesloft-webhooks"]


def test_it_says_what_it_is() -> None:
    """The labels of the Open Container Initiative name title, version, revision and licence."""
    labels = configuration()["Labels"]

    assert isinstance(labels, dict)
    assert labels["org.opencontainers.image.title"] == "salesloft-webhooks"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert {"org.opencontainers.image.version", "org.opencontainers.image.revision"} <= labels.keys()


def test_it_brings_no_installer_and_no_build_tool() -> None:
    """What runs in production can install nothing: its environment has neither pip nor the build back end."""
    code = "import importlib.util as u; print([m for m in ('pip', 'hatchling', 'setuptools') if u.find_spec(m)])"

    found = engine("run", "--rm", "--entrypoint=/opt/salesloft-webhooks/bin/python", IMAGE, "-c", code).stdout

    assert found.strip() == "[]"


def test_everything_is_compiled() -> None:
    """Each module of ours has its byte code in the image, made so that no start compares it with the source."""
    code = (
        "import pathlib, salesloft_webhooks as p, importlib.util as u;"
        "m = list(pathlib.Path(p.__file__).parent.rglob('*.py'));"
        "c = [pathlib.Path(u.cache_from_source(str(f))) for f in m];"
        "print(len(m), sum(f.exists() for f in c), {f.read_bytes()[4] for f in c if f.exists()})"
    )

    found = engine("run", "--rm", "--entrypoint=/opt/salesloft-webhooks/bin/python", IMAGE, "-c", code).stdout
    modules, compiled, flags = found.split()

    assert modules == compiled != "0"
    assert flags == "{1}"  # PEP 552: hash-based, unchecked


def test_compiled_extensions_still_load() -> None:
    """Removing debug symbols has broken none of the extensions we depend on."""
    code = "import asyncpg, greenlet, grpc, hiredis, httptools, msgspec, pydantic_core, sqlalchemy.engine, uvloop"

    assert engine("run", "--rm", "--entrypoint=/opt/salesloft-webhooks/bin/python", IMAGE, "-c", code).returncode == 0


def test_it_stays_small() -> None:
    """What we add to the base does not grow unnoticed."""
    layers = engine("history", "--no-trunc", "--human=false", "--format={{.Size}} {{.CreatedBy}}", IMAGE).stdout
    added = [line.split(maxsplit=1) for line in layers.splitlines() if "/opt/salesloft-webhooks" in line]

    assert 0 < sum(int(size) for size, _ in added) < LARGEST_BYTES
