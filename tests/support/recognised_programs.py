"""What can be known about a command without carrying it out: does it exist, and does it take these options?"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from functools import cache

import pytest
import typer
from typer.core import TyperGroup

from salesloft_webhooks.cli.application import application
from tests.support.documents import ROOT, read

Check = Callable[[Sequence[str]], None]
HELM = ROOT / ".tools" / "bin" / "helm"
METRIC = re.compile(r"\bsalesloft_webhooks_\w+")


def ours(words: Sequence[str]) -> None:
    """One of our commands: typer itself takes arguments and options, or says what is wrong with them."""
    command = typer.main.get_command(application())
    words = list(words)
    while isinstance(command, TyperGroup):
        if command.invoke_without_command and (not words or words[0].startswith("-")):
            break  # `backfill` alone is a role, and has options of its own
        assert words, "a group of commands alone does nothing"
        command = command.commands[words.pop(0)]
    command.make_context(str(command.name), words)


@cache
def _help(*command: str) -> str:
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return shown.stdout + shown.stderr


def _options_exist(words: Sequence[str], described: str) -> None:
    for word in words:
        if re.match(r"--?[A-Za-z]", word):
            option = word.partition("=")[0]
            assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", described), f"{option} does not exist"


def kubectl(words: Sequence[str]) -> None:
    """A subcommand of kubectl, with options it describes; what runs in the pod is checked as well."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    words, inside = _split(words, "--")
    plain = _without_globals(words)
    assert plain, "kubectl alone does nothing"
    verbs = plain[:2] if plain[0] in {"rollout", "create"} else plain[:1]
    verbs = plain[:3] if plain[:2] == ["create", "secret"] else verbs
    described = _help("kubectl", *verbs, "--help")
    assert "Usage:" in described, f"there is no kubectl {' '.join(verbs)}"
    assert f"kubectl {' '.join(verbs)} " in described.partition("Usage:")[2], f"no kubectl {' '.join(verbs)}"
    _options_exist(words, described + _help("kubectl", "options"))
    if inside:
        check(inside)


def _split(words: Sequence[str], at: str) -> tuple[list[str], list[str]]:
    words = list(words)
    return (words[: words.index(at)], words[words.index(at) + 1 :]) if at in words else (words, [])


def _without_globals(words: Sequence[str]) -> list[str]:
    words = list(words)
    while words and words[0] in {"-n", "--namespace"}:
        words = words[2:]
    return words


def helm(words: Sequence[str]) -> None:
    """A subcommand of Helm, with options it describes; charts and values it names are there."""
    if not HELM.exists():
        pytest.skip(".tools/ is empty: run `make tools`")
    described = _help(str(HELM), words[0], "--help")
    assert f"helm {words[0]}" in described, f"there is no helm {words[0]}"
    _options_exist(words, described)
    for word in words:
        if word.startswith("charts/"):
            assert (ROOT / word / "Chart.yaml").exists()
        elif re.fullmatch(r"[\w.]+=.*", word):
            name = word.partition("=")[0].rpartition(".")[2]
            assert f"{name}:" in read("charts/salesloft-webhooks/values.yaml"), f"no value {name}"


def make(words: Sequence[str], makefile: str = "Makefile") -> None:
    """Targets of a Makefile of ours, and variables that it reads."""
    for target in words:
        if named := re.fullmatch(r"([A-Z]+)=.*", target):
            assert f"$({named[1]})" in read(makefile), f"no variable {named[1]}"
            continue
        assert re.search(rf"^{re.escape(target)}:", read(makefile), re.MULTILINE), f"no target {target}"


def docker(words: Sequence[str]) -> None:
    """A subcommand of Docker's."""
    assert words[0] in {"build", "push", "run", "stop", "tag"}


def curl(words: Sequence[str]) -> None:
    """Options of curl's."""
    described = _help("curl", "--help", "all")
    _options_exist([f"-{letter}" for word in words if re.fullmatch("-[a-z]+", word) for letter in word[1:]], described)
    _options_exist([word for word in words if word.startswith("--")], described)


def python(words: Sequence[str]) -> None:
    """A module of ours."""
    assert words[0] == "-m"
    module = words[1].replace(".", "/")
    assert (ROOT / f"{module}.py").exists() or (ROOT / module / "__main__.py").exists()


def pip(words: Sequence[str]) -> None:
    """Installs our package, with extras that exist."""
    extras = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]
    action, requirement = words
    match = re.fullmatch(r"salesloft-webhooks(?:\[([\w,]+)\])?", requirement)

    assert action == "install"
    assert match
    assert set((match[1] or "").split(",")) - {""} <= extras.keys()


def engine(words: Sequence[str]) -> None:
    """Our script that brings a container engine, and the command it runs."""
    assert os.access(ROOT / ".ci" / "engine", os.X_OK)
    check(words)


def run_on_nothing(program: str) -> Check:
    """A filter: it is run, on empty input, and must not complain about its options."""

    def run(words: Sequence[str]) -> None:
        command = [program, *words]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT, check=False, timeout=20)
        assert done.returncode in ((0, 1) if program == "grep" else (0,)), done.stderr

    return run


def pytest_(words: Sequence[str]) -> None:
    """Folders of tests that are there, and options that pytest has with our plugins and `tests/conftest.py`."""
    assert words
    options = {word for word in words if word.startswith("--")}
    assert options <= pytest_options()
    assert [word for word in words if word not in options and not (ROOT / word).exists()] == []


@cache
def pytest_options() -> frozenset[str]:
    """Those that its own help names."""
    command = [sys.executable, "-m", "pytest", "--help"]
    helped = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=60)
    return frozenset(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", helped.stdout, re.MULTILINE))


def script(words: Sequence[str]) -> None:
    """A script of ours, which takes no arguments; that CI works is seen by running CI."""
    assert not words
    assert os.access(ROOT / ".ci/run", os.X_OK)


def cosign(words: Sequence[str]) -> None:
    """Cosign's options, where it was built; what it says of a release is seen by tests/release."""
    program = ROOT / ".tools" / "bin" / "cosign"
    if not program.exists():
        pytest.skip("cosign is not built: run `make release-tools`")
    _options_exist(words, _help(str(program), words[0], "--help"))


def release(words: Sequence[str]) -> None:
    """A step of our script, with architectures; tests/release takes each of them."""
    assert re.search(rf"^  {words[0]}\)", read(".ci/release"), re.MULTILINE), f"no step {words[0]}"


def redis_cli(words: Sequence[str]) -> None:
    """Commands of the server's; tests/e2e/test_rehearsals_* and test_snippets.py carry them out."""
    command = words[2:] if words[0] == "-u" else words
    assert command[0] in {"ACL", "BGREWRITEAOF", "CLIENT", "CONFIG", "INFO"}


def nothing(_: Sequence[str]) -> None:
    """A builtin, or a program whose arguments are the reader's."""


FILTERS = ("cut", "date", "grep", "head", "openssl", "printf", "sed", "tail")
PROGRAMS: dict[str, Check] = {
    "salesloft-webhooks": ours,
    ".venv/bin/salesloft-webhooks": ours,
    "kubectl": kubectl,
    "cosign": cosign,
    "helm": helm,
    "make": make,
    "docker": docker,
    "curl": curl,
    "python": python,
    "pip": pip,
    ".ci/engine": engine,
    ".ci/release": release,
    ".ci/run": script,
    ".venv/bin/pytest": pytest_,
    "redis-cli": redis_cli,
    "valkey-cli": redis_cli,
    "sh": lambda words: check(words[1].split()),
    **dict.fromkeys((".", "cat", "export", "set"), nothing),
    **{program: run_on_nothing(program) for program in FILTERS},
}


def check(words: Sequence[str]) -> None:
    """Fail if a command cannot be what its reader needs: unknown, or with options or metrics that do not exist."""
    assert words[0] in PROGRAMS, f"what is {words[0]}?"
    PROGRAMS[words[0]](words[1:])
    for metric in METRIC.findall(" ".join(words)):
        assert f"`{metric}`" in read("docs/metrics.md"), f"there is no metric {metric}"
