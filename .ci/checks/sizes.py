"""Fails when a Python or Lua file is over 250 lines or a function over 40: then the design wants another noun.

Docstrings count for files, not for functions: explaining a contract at length is no fault.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES = 250
FUNCTION_LINES = 40
ROOTS = ("service", "tests", "bench", "dashboards", "typed_resources", ".ci")


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body, without the docstring."""
    body = node.body
    if ast.get_docstring(node) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def problems(path: Path) -> Iterator[str]:
    """One line per violation in the file; functions are counted in Python only."""
    text = path.read_text(encoding="utf-8")
    if (lines := text.count("\n")) > FILE_LINES:
        yield f"{path}: {lines} lines (at most {FILE_LINES})"
    if path.suffix != ".py":
        return
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (length := function_lines(node)) > FUNCTION_LINES
        ):
            yield f"{path}:{node.lineno}: {node.name} has {length} lines (at most {FUNCTION_LINES})"


def main() -> int:
    """Print every violation; the exit code is 1 when there is one."""
    paths = [path for root in ROOTS for suffix in ("*.py", "*.lua") for path in sorted(Path(root).rglob(suffix))]
    found = [line for path in paths for line in problems(path)]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
