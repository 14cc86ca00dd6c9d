"""Build what the chart is checked with into ``.tools/``, from the pins in ``versions.toml``. Run it by ``make tools``.

With the argument ``node`` it builds what a kind node is made of instead, for machines that cannot pull its image, with
``neighbours`` and names those that such a cluster is given, and with ``release`` what publishes and signs a version.
Needs Go (and for a node gcc and libseccomp). Modules come from whatever module proxy the machine's Go is set up for,
and are refused when their content is not the pinned one. Finished work is stamped, so a second run takes a moment.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import schemas

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parent.parent / ".tools"
NODE = TOOLS / "node"
NEIGHBOURS = HERE.parent / "cluster" / "neighbours"
PINS = HERE / "versions.toml"


class WrongContentError(Exception):
    """A module is not what `versions.toml` pins."""


def run(*command: str, directory: Path = HERE, c: bool = False) -> str:
    """The output of a command, which must succeed; what it says on stderr is shown. ``c``: whether Go may link C."""
    # Not everything is in Go's public list of sums; the pins and each module's own go.sum are what is relied on.
    go = {"GOFLAGS": "-buildvcs=false -mod=readonly", "GOWORK": "off", "GONOSUMDB": "*", "CGO_ENABLED": str(int(c))}
    environment = {**os.environ, **go}
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


def build(pin: dict[str, Any], target: Path, source: Path | None = None) -> None:
    """Build a module's programs inside it, or a copy of it, so that its own go.sum decides about its dependencies."""
    source = source or module(pin["module"], pin["version"], pin["sum"])
    options = ["-tags", pin.get("tags", ""), "-ldflags", "-s -w " + pin.get("link", "")]
    for name, package in pin["programs"].items():
        run("go", "build", *options, "-o", str(target / name), package, directory=source, c="seccomp" in options)


def build_control_plane(programs: dict[str, str], version: str, target: Path) -> None:
    """Build Kubernetes' programs and etcd from the one go.mod that knows them all."""
    # An API server that was not told its version calls itself v0.0.0, and charts that ask for more refuse it.
    flags = f"-s -w -X k8s.io/component-base/version.gitVersion={version}"
    for name, package in programs.items():
        run("go", "build", "-ldflags", flags, "-o", str(target / name), package, directory=HERE / "control_plane")


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


def copy_kind(pin: dict[str, Any]) -> None:
    """Copy kind's own files for its node image; a module carries no modes, so the Dockerfile sets them."""
    source = module(pin["module"], pin["version"], pin["sum"])
    shutil.rmtree(NODE / "files", ignore_errors=True)
    shutil.copytree(source / "images/base/files", NODE / "files", copy_function=shutil.copyfile)
    run("chmod", "-R", "u+w", str(NODE / "files"))


def build_pause(version: str, pinned: str) -> None:
    """Build the program that holds a pod's namespaces open, as Kubernetes does: static and in C."""
    source = module("k8s.io/kubernetes", version, pinned) / "build/pause/linux/pause.c"
    run("gcc", "-Os", "-static", "-DVERSION=" + version, "-o", str(NODE / "bin/pause"), str(source))


def write_manifests(pins: dict[str, dict[str, Any]]) -> None:
    """Write what kind installs in a new cluster: the network from kube-router, the storage from its provisioner."""
    target = NODE / "manifests"
    target.mkdir(parents=True, exist_ok=True)
    for name, pin in pins.items():
        text = (module(pin["module"], pin["version"], pin["sum"]) / pin["manifest"]).read_text("utf-8")
        for old, new in pin["replace"].items():
            if old not in text:
                raise WrongContentError(f"{pin['manifest']} has no {old!r}")
            text = text.replace(old, new)
        (target / f"default-{name}.yaml").write_text(text, "utf-8")


def install_node(pins: dict[str, Any]) -> None:
    """Build what ``.ci/cluster/Dockerfile`` puts into a node."""
    version, pinned = list(pins["kubernetes"].items())[-1]
    locked = (HERE / "control_plane" / "go.sum").read_text("utf-8")
    for name, pin in pins["node"]["modules"].items():
        once(f"node-{name}", pin, lambda pin=pin: build(pin, NODE / "bin"))
    programs = pins["node"]["control-plane"]
    once("node-kubernetes", [programs, version, locked], lambda: build_control_plane(programs, version, NODE / "bin"))
    once("node-pause", [version, pinned], lambda: build_pause(version, pinned))
    once("node-files", pins["node"]["modules"]["kind"], lambda: copy_kind(pins["node"]["modules"]["kind"]))
    manifests = {name: {**pins["node"]["modules"][pin["of"]], **pin} for name, pin in pins["node"]["manifests"].items()}
    once("node-manifests", manifests, lambda: write_manifests(manifests))


def build_neighbour(name: str, pin: dict[str, Any]) -> None:
    """Build a neighbour's programs from its module, or from a go.mod of ours where its own cannot be used."""
    own, copied = NEIGHBOURS / name, None
    if without := pin.get("without"):  # a go.mod of ours replaces the module by this copy
        copied = NODE / "copied" / name
        shutil.rmtree(copied, ignore_errors=True)
        shutil.copytree(module(without["module"], without["version"], without["sum"]), copied)
        run("chmod", "-R", "u+w", str(copied))
        for file, ours in without["files"].items():
            shutil.copyfile(own / ours, copied / file)
    if not (own / "go.mod").exists():
        build(pin, NODE / "bin", copied)
        return
    for program, package in pin["programs"].items():
        run("go", "build", "-ldflags", "-s -w", "-o", str(NODE / "bin" / program), package, directory=own)


def install_neighbours(pins: dict[str, Any], names: list[str]) -> None:
    """Build these neighbours of a release, and link to the manifests that come with each."""
    for name in names:
        pin = pins["neighbours"][name]
        ours = [path.read_text("utf-8") for path in sorted((NEIGHBOURS / name).glob("*[dmo]"))]  # .mod, .sum, .go
        once(f"neighbours-{name}", [pin, ours], lambda name=name, pin=pin: build_neighbour(name, pin))
        link = NODE / "neighbours" / name
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(module(pin["module"], pin["version"], pin["sum"]))


def install_tools(pins: dict[str, Any]) -> None:
    """Build what ``tests/chart`` needs."""
    for name, pin in pins["programs"].items():
        once(name, pin, lambda name=name, pin=pin: build({**pin, "programs": {name: pin["package"]}}, TOOLS / "bin"))
    for version, pinned in pins["kubernetes"].items():
        once(f"schemas-{version}", pinned, lambda version=version, pinned=pinned: write_kubernetes(version, pinned))
    for pin in pins["custom-resources"]:
        name = "schemas-" + pin["module"].replace("/", "_")
        once(name, pin, lambda pin=pin: write_custom(pin))
    for name, pin in pins["npm"].items():
        if shutil.which("npm") is None:
            print(f"tools: npm is not installed: nothing is compared with {pin['package']}")
            continue
        once(f"npm-{name}", pin, lambda name=name, pin=pin: unpack_package(pin, TOOLS / "npm" / name))
    locked = (HERE / "control_plane" / "go.sum").read_text("utf-8")
    programs, version = pins["control-plane"]["programs"], list(pins["kubernetes"])[-1]
    build_all = [programs, version, locked]
    once("control-plane", build_all, lambda: build_control_plane(programs, version, TOOLS / "bin"))


def unpack_package(pin: dict[str, Any], target: Path) -> None:
    """Unpack a package of npm as it was published; nothing of it is run, and its dependencies are not wanted."""
    with tempfile.TemporaryDirectory() as directory:
        run(
            "npm",
            "pack",
            "--silent",
            "--ignore-scripts",
            f"{pin['package']}@{pin['version']}",
            directory=Path(directory),
        )
        (archive,) = Path(directory).iterdir()
        content = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{content}" != pin["integrity"]:
            raise WrongContentError(
                f"{pin['package']}@{pin['version']} is sha512-{content}, pinned: {pin['integrity']}"
            )
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        run("tar", "-xzf", str(archive), "--strip-components=1", "-C", str(target))


def install_release(pins: dict[str, Any]) -> None:
    """Build what ``.ci/release`` signs with and lists packages with, Helm, and a registry to try it on."""
    helm = pins["programs"]["helm"]
    once("helm", helm, lambda: build({**helm, "programs": {"helm": helm["package"]}}, TOOLS / "bin"))
    for name, pin in pins["release"].items():
        once(f"release-{name}", pin, lambda pin=pin: build(pin, TOOLS / "bin"))


def main() -> int:
    """Install everything that is not there yet."""
    if shutil.which("go") is None:
        print("tools: Go is not installed; the chart's checks need it (https://go.dev/doc/install)", file=sys.stderr)
        return 1
    pins = tomllib.loads(PINS.read_text("utf-8"))
    if sys.argv[1:2] == ["neighbours"]:
        install_neighbours(pins, sys.argv[2:])
        return 0
    parts = {"tools": install_tools, "node": install_node, "release": install_release}
    for name in sys.argv[1:] or ["tools"]:
        parts[name](pins)
    return 0


if __name__ == "__main__":
    sys.exit(main())
