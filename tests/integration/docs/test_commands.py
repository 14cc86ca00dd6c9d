"""Commands in documents can be pasted: they parse, exist, and take the options they are shown with."""

import re
import subprocess

import pytest

from tests.support.documents import PROJECT_TEMPLATE, ROOT, Block, blocks, inline, read
from tests.support.recognised_programs import PROGRAMS, check, make
from tests.support.shell_blocks import ALIASES, assigned, simple_commands

SHELL = [block for block in blocks("*", "sh") if block.document != "docs/traces.md"]
STARTS = tuple(f"{program} " for program in (*PROGRAMS, *ALIASES) if program not in {".", "set", "export", "cat"})
SENTENCES = sorted({(document, text) for document, text in inline() if text.startswith(STARTS) and "..." not in text})
LOGS = re.compile(r"kubectl (-n \S+ )?logs ")
TEMPLATES = ROOT / "charts" / "salesloft-webhooks" / "templates"
"""A folder for each component, also for those that are off by default."""
GIVEN = {"RANDOM", "REDIS_URL", "REGISTRY", "SALESLOFT_WEBHOOK_SECRET", "WEBHOOK_URL"}
"""Variables of the shell, of .data/env, or the reader's."""


def log_events() -> set[str]:
    """Every event that docs/logs.md describes."""
    return set(re.findall(r"^\| `([\w.]+)` \|", read("docs/logs.md"), re.MULTILINE))


def test_there_are_commands_to_check() -> None:
    """Both collections are found, so that no test below passes for want of a case."""
    assert len(SHELL) > 40
    assert len(SENTENCES) > 30


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_can_be_pasted(block: Block) -> None:
    """The shell takes the block, and each command of it exists with these options."""
    parsed = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
    commands = list(simple_commands(block.text))

    assert parsed.returncode == 0, parsed.stderr
    assert commands
    for words in commands:
        check(words)


@pytest.mark.parametrize(("document", "text"), SENTENCES)
def test_commands_within_sentences_can_be_pasted(document: str, text: str) -> None:
    """What a sentence tells the reader to type is checked like a block."""
    parsed = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)

    assert parsed.returncode == 0, f"{document}: {parsed.stderr}"
    for words in simple_commands(text):
        if document.startswith(PROJECT_TEMPLATE) and words[0] == "make":
            make(words[1:], f"{PROJECT_TEMPLATE}/Makefile.template")
        else:
            check(words)


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_variables_are_known(block: Block) -> None:
    """A block uses no variable that neither it nor the page has set."""
    used = set(re.findall(r"\$\{?([A-Za-z_]\w*)", block.text))

    assert used <= GIVEN | assigned(block.text) | set(re.findall(r"^([a-z]+)=", block.text, re.MULTILINE))


@pytest.mark.parametrize("block", [block for block in SHELL if LOGS.search(block.text)], ids=str)
def test_what_is_looked_for_in_logs_is_logged(block: Block) -> None:
    """Each alternative of a `grep` behind `kubectl logs` finds an event that our programs log."""
    for line in block.text.splitlines():
        if LOGS.search(line) and "| grep" in line:
            ((*_, pattern),) = [words for words in simple_commands(line) if words[0] == "grep"]
            for alternative in re.split(r"\|(?![^(]*\))", pattern):
                assert any(re.search(alternative, event) for event in log_events()), alternative


def in_the_cluster() -> list[tuple[str, str]]:
    """Place and text of every kubectl command, in blocks and sentences."""
    lines = [(str(block), line) for block in SHELL for line in block.text.splitlines()]
    return sorted({(place, text) for place, text in [*lines, *SENTENCES] if text.strip().startswith(("kubectl", "k "))})


@pytest.mark.parametrize(("place", "text"), in_the_cluster())
def test_objects_and_labels_are_the_charts(place: str, text: str) -> None:
    """What a command names or selects in the cluster is what the chart makes there."""
    manifests = read("k8s/manifests/salesloft-webhooks.yaml")
    made = set(re.findall(r"(?:name|secretName): (\S+)$", manifests, re.MULTILINE))
    claims = {f"data-{name}-0" for name in made if name.endswith("-valkey")}
    made |= {
        f"salesloft-webhooks-{part.parent.name}"
        for part in TEMPLATES.glob("*/*.yaml")
        if part.stem in {"deployment", "cronjob"}
    }

    for name in re.findall(r"(?:data-)?(?:RELEASE-)?salesloft-webhooks-[\w-]+", text.replace("GROUP", "activity")):
        found = name.removeprefix("RELEASE-")
        assert found in made | claims or found.removesuffix("-0") in made, f"{place}: {name}"
    for label, value in re.findall(r"(app\.kubernetes\.io/[\w-]+)=([\w-]+)", text):
        assert re.search(rf"{re.escape(label)}: \"?{value}\"?$", manifests, re.MULTILINE), f"{place}: {label}={value}"
