"""Fails when a name in the package says less than it should.

Three rules, each broken once before it was written down here:

- Two modules of the package never differ only by singular and plural (``group.py`` beside ``groups.py``): nobody
  remembers which is which.
- Names of modules, classes, functions and Redis keys are the field's terms or plain words. `METAPHORS` lists words that
  once stood for something only their author knew, and what to say instead.
- No folder or module is called after nothing in particular (`EMPTY`).
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path("service/salesloft_webhooks")

METAPHORS = {
    "crowd": "many connections",
    "desk": "delivery endpoint",
    "diary": "record, log",
    "doorbell": "wake-up, notification",
    "fate": "outcome, status",
    "hurry": "wake, shorten",
    "lean": "startup imports",
    "leash": "parent watch",
    "picture": "snapshot",
    "stranger": "unauthenticated client",
    "strangers": "unauthenticated clients",
    "suspect": "isolated entry",
    "suspects": "isolated entries",
    "told": "reported",
    "trouble": "error, failure",
    "walk": "scan",
    "wishes": "options",
}
"""By the metaphor, the plain word. Forbidden in any name, alone or with others."""

ALONE = {
    "again": "resubmit",
    "given": "what it is: input, argument, leases",
    "lives": "heartbeats",
    "place": "reservation",
    "tries": "attempts",
}
"""Words that say enough beside others (``cancel_again_seconds``) and too little as a whole name."""

EMPTY = {
    "common",
    "core",
    "helper",
    "helpers",
    "manager",
    "misc",
    "models",
    "services",
    "shared",
    "stuff",
    "util",
    "utils",
}
"""What every module could be called."""

DECLARED_IN_LUA = re.compile(r"\blocal (?:function )?([A-Za-z_][A-Za-z_0-9, ]*)|^function ([A-Za-z_]+)", re.MULTILINE)


def words_of(name: str) -> set[str]:
    """The words of a name in ``snake_case``, ``CamelCase`` or ``kebab-case``, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def singular(name: str) -> str:
    """``name`` without the endings that make an English plural, or a participle of the same word."""
    return re.sub(r"(?<=[a-z]{2})(ies|y|es|s|e|ed)$", "", name)


def twins(modules: list[Path]) -> Iterator[str]:
    """One line per pair of names of modules and folders, or of scripts, that only an ending tells apart."""
    by_singular = defaultdict(set)
    for path in modules:
        name = path.parent.name if path.stem == "__init__" else path.stem
        by_singular[singular(name)].add(name)
    for names in by_singular.values():
        if len(names) > 1:
            yield f"{PACKAGE}: {' and '.join(sorted(names))} differ by an ending only: rename one of them"


def python_names(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of every class, function and module-level constant in the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                yield statement.lineno, target.id


def lua_names(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of every local and function in the script."""
    text = path.read_text(encoding="utf-8")
    for match in DECLARED_IN_LUA.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        for name in (match[1] or match[2]).split(","):
            yield line, name.strip()


def metaphors(path: Path) -> Iterator[str]:
    """One line per name with a word of `METAPHORS` or `EMPTY` in it, the file's own included."""
    names = python_names(path) if path.suffix == ".py" else lua_names(path)
    for line, name in [(1, path.stem), *names]:
        plain = METAPHORS | ({name: ALONE[name]} if name in ALONE else {})
        for word in sorted(words_of(name) & plain.keys()):
            yield f"{path}:{line}: {name}: say {plain[word]} instead of {word}"
    for part in {path.stem, *path.relative_to(PACKAGE).parts[:-1]} & EMPTY:
        yield f"{path}: {part} says nothing: name what is in it"


def main() -> int:
    """Print every violation; the exit code is 1 when there is one."""
    modules, scripts = sorted(PACKAGE.rglob("*.py")), sorted(PACKAGE.rglob("*.lua"))
    ours = [path for path in modules if "migrations" not in path.parts]  # whose folders are Alembic's to name
    found = [*twins(ours), *twins(scripts), *(line for path in [*modules, *scripts] for line in metaphors(path))]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
