"""The project's documents and the code in them: fenced blocks, and commands in the middle of a sentence."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
PROJECT_TEMPLATE = "service/salesloft_webhooks/cli/project"

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        document: Its path, relative to the repository.
        line: That of its fence, from 1.
        language: What stands behind the fence; empty if nothing does.
        text: What a reader copies, without the indent of a list.
    """

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def documents(pattern: str = "*") -> list[str]:
    """Every document that matches a glob: Markdown of ours, and the one that `init` writes."""
    return [name for name in _all_documents() if fnmatchcase(name, pattern)]


@cache
def _all_documents() -> list[str]:
    # Folders that are not ours are not even looked into: .venv, and .tools with the file systems of all images.
    ours = [path for path in ROOT.iterdir() if not path.name.startswith((".", "node_modules"))]
    folders = [path for path in ours if path.is_dir()]
    found = [path for path in ours if path.suffix == ".md"]
    found += [path for end in ("*.md", "*.md.template") for folder in folders for path in folder.rglob(end)]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def read(document: str) -> str:
    """A document's text."""
    return (ROOT / document).read_text("utf-8")


def blocks(pattern: str = "*", *languages: str) -> list[Block]:
    """Fenced blocks of the documents that match, of these languages or of all."""
    return [
        Block(document, text.count("\n", 0, match.start()) + 1, match["language"], dedent(match["text"]))
        for document in documents(pattern)
        for text in [read(document)]
        for match in _FENCE.finditer(text)
        if not languages or match["language"] in languages
    ]


def inline(pattern: str = "*") -> list[tuple[str, str]]:
    """Document and text of everything set as code within a sentence or table."""
    return [
        (document, found.replace(r"\|", "|"))
        for document in documents(pattern)
        for found in _INLINE.findall(_FENCE.sub("", read(document)))
    ]
