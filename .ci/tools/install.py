"""Build what the chart is checked with into ``.tools/``, from the pins in ``versions.toml``. Run it by ``make tools``.

Needs Go and nothing else. Modules come from whatever module proxy the machine's Go is set up for, and are refused when
their content is not the pinned one. Finished work is stamped, so a second run takes a moment.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import schemas

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parent.parent / ".tools"
PINS = HERE / "versions.toml"


class WrongContentError(Exception):
    """A module is not what `versions.toml` pins."""


def run(*command: str, directory: Path = HERE) -> str:
    """The output of a command, which must succeed; what it says on stderr is shown."""
    environment = {**os.environ, "GOFLAGS": "-buildvcs=false", "GOWORK": "off", "GOBIN": str(TOOLS / "bin")}
    return subprocess.run(command, cwd=directory, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def module(path: str, version: str, pinned: str) -> Path:
    """The directory of a module's verified content.

    Raises:
        WrongContentError: when its hash is not ``pinned``.
    """
    downloaded = json.loads(run("go", "mod", "download", "-json", f"{path}@{version}"))
    if downloaded["Sum"] != pinned:
        raise WrongContentError(f"{path}@{version} is {downloaded['Sum']}, pinned is {pinned}")
    return Path(downloaded["Dir"])


def once(name: str, pin: object, work: Callable[[], None]) -> None:
    """Do the work unless it was done for exactly this pin, by exactly this code."""
    stamp = TOOLS / "stamps" / name
    code = hashlib.sha256((HERE / "schemas.py").read_bytes()).hexdigest() if name.startswith("schemas-") else ""
    content = json.dumps([pin, code], sort_keys=True)
    if stamp.exists() and stamp.read_text("utf-8") == content:
        return
    print(f"tools: {name}", flush=True)
    work()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(content, "utf-8")


def build(name: str, pin: dict[str, str]) -> None:
    """Build one program inside its own module, so that its own go.sum decides about its dependencies."""
    source = module(pin["module"], pin["version"], pin["sum"])
    # Helm reports the version it was linked with; a bare build would call itself by its minor version only.
    flags = f"-s -w -X {pin['module']}/internal/version.version={pin['version']}"
    run("go", "build", "-ldflags", flags, "-o", str(TOOLS / "bin" / name), pin["package"], directory=source)


def build_control_plane(programs: dict[str, str], version: str) -> None:
    """Build kube-apiserver and etcd from the one go.mod that knows them both."""
    # An API server that was not told its version calls itself v0.0.0, and charts that ask for more refuse it.
    flags = f"-s -w -X k8s.io/component-base/version.gitVersion={version}"
    for name, package in programs.items():
        target = str(TOOLS / "bin" / name)
        run("go", "build", "-ldflags", flags, "-o", target, package, directory=HERE / "control_plane")


def write_kubernetes(version: str, pinned: str) -> None:
    """Make the schemas of one Kubernetes version."""
    target = TOOLS / "schemas" / version
    shutil.rmtree(target, ignore_errors=True)
    schemas.write_built_in(module("k8s.io/kubernetes", version, pinned) / "api/openapi-spec/swagger.json", target)


def write_custom(pin: dict[str, Any]) -> None:
    """Make the schemas of one project's custom resources, and keep their definitions for the API server."""
    source = module(pin["module"], pin["version"], pin["sum"])
    definitions = TOOLS / "definitions"
    definitions.mkdir(parents=True, exist_ok=True)
    for file in pin["files"]:
        schemas.write_custom(source / file, TOOLS / "schemas" / "custom")
        shutil.copyfile(source / file, definitions / Path(file).name)


def main() -> int:
    """Install everything that is not there yet."""
    if shutil.which("go") is None:
        print("tools: Go is not installed; the chart's checks need it (https://go.dev/doc/install)", file=sys.stderr)
        return 1
    pins = tomllib.loads(PINS.read_text("utf-8"))
    for name, pin in pins["programs"].items():
        once(name, pin, lambda name=name, pin=pin: build(name, pin))
    for version, pinned in pins["kubernetes"].items():
        once(f"schemas-{version}", pinned, lambda version=version, pinned=pinned: write_kubernetes(version, pinned))
    for pin in pins["custom-resources"]:
        name = "schemas-" + pin["module"].replace("/", "_")
        once(name, pin, lambda pin=pin: write_custom(pin))
    locked = (HERE / "control_plane" / "go.sum").read_text("utf-8")
    programs, version = pins["control-plane"]["programs"], list(pins["kubernetes"])[-1]
    once("control-plane", [programs, version, locked], lambda: build_control_plane(programs, version))
    return 0


if __name__ == "__main__":
    sys.exit(main())
