"""Shell text taken apart: into simple commands, as far as documents use the language."""

import re
import shlex
from collections.abc import Iterator

_ENDS = frozenset({"|", "||", "&&", ";", "&"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
ALIASES = {
    "k": ["kubectl", "--namespace", "salesloft"],
    "sw": ["salesloft-webhooks"],
}
"""What docs/operations.md defines at its top; the definitions are checked like any command."""


def simple_commands(text: str) -> Iterator[list[str]]:
    """Each command's words, without redirections, assignments and `command` before it; aliases replaced.

    A command in ``$(...)`` outside quotes is one of its own.
    """
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(re.sub(r"=\$\(([^\n]*)\)$", r"=x; \1", line), posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word not in _ENDS:
                words.append(word)
            elif words:
                yield from _command(words)
                words = []


def assigned(text: str) -> set[str]:
    """The names of variables that lines of assignments set."""
    return set(re.findall(r"(?:^|\s)([A-Z_]\w*)=", text, re.MULTILINE))


def _command(words: list[str]) -> Iterator[list[str]]:
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]
    words = words[1:] if words[:1] == ["command"] else words
    if words and words[0] == "alias":
        for definition in words[1:]:
            meaning = shlex.split(definition.partition("=")[2])
            yield [*meaning, *(("status",) if meaning[-1] == "salesloft-webhooks" else ("get", "pods"))]
    elif words:
        yield ALIASES.get(words[0], [words[0]]) + words[1:]
