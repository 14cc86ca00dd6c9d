"""Fails when a piece of knowledge is used outside its one home: YAML, Redis addresses, tasks in the background.

Each rule names what it looks for and the files that may have it, each with the reason. A file that is listed and has it
no more fails, too: else the next use there would go unnoticed.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path("service/salesloft_webhooks")


def uses_yaml(node: ast.AST) -> bool:
    """An import of PyYAML."""
    if isinstance(node, ast.Import):
        return any(name.name.partition(".")[0] == "yaml" for name in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "yaml"


def takes_apart_a_url(node: ast.AST) -> bool:
    """A call of a parser of URLs, or a text method that gets a scheme of Redis' or the mark behind one."""
    if not isinstance(node, ast.Call):
        return False
    called = called_name(node)
    if called in {"urlsplit", "urlparse", "parse_url", "from_url", "parse_redis_url"}:
        return True
    texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    methods = {"partition", "rpartition", "split", "rsplit", "startswith", "removeprefix", "match", "fullmatch"}
    schemes = [text for text in texts if isinstance(text, str) and (text == "://" or text.startswith("redis"))]
    return called in methods and bool(schemes)


def handles_a_task(node: ast.AST) -> bool:
    """A task that is started or cancelled."""
    if not isinstance(node, ast.Call):
        return False
    called = called_name(node)
    return called in {"create_task", "ensure_future"} or (called == "cancel" and isinstance(node.func, ast.Attribute))


def called_name(call: ast.Call) -> str:
    """What is called, without what it belongs to."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


@dataclass(frozen=True)
class Rule:
    """A piece of knowledge.

    Attributes:
        what: Its name, for messages.
        found: Whether a node of a syntax tree uses it.
        homes: The files that may, below the package, with the reason.
    """

    what: str
    found: Callable[[ast.AST], bool]
    homes: Mapping[str, str]


RULES = (
    Rule("YAML", uses_yaml, {"configuration_files.py": "the home: loads, substitutes, checks, quotes nothing"}),
    Rule(
        "the parts of a URL",
        takes_apart_a_url,
        {
            "broker/connection/addresses.py": "the home of Redis addresses",
            "cli/commands/trial.py": "a receiver's address",
            "handlers/database/address.py": "the home of DATABASE_URL",
        },
    ),
    Rule(
        "starting or cancelling a task",
        handles_a_task,
        {
            "background.py": "the home: owns start, failure, cancellation and the wait at the end",
            "broker/connection/sentinels.py": "questions to all sentinels at once, ended by cancel_and_wait",
            "cli/commands/up/supervised_process.py": "started with its process, ended by cancel_and_wait",
            "cli/store_access.py": "one command's work, ended by cancel_and_wait",
            "handlers/batching.py": "ends by itself when nobody waits for it; never cancelled",
            "operations/connection.py": "cancels timers of a connection, no tasks",
            "simulator/simulator.py": "in a task group, which owns them",
            "testing/pipeline.py": "whole roles, which end when their stop event is set",
            "testing/running.py": "one attempt, ended by cancel_and_wait",
            "worker/attempt.py": "one attempt; its cancellation carries a reason, and its end is its settlement",
            "worker/readiness.py": "a check of somebody's own may ignore its cancellation, and must not be waited for",
        },
    ),
)


def problems(rule: Rule, trees: Mapping[str, ast.Module]) -> Iterator[str]:
    """One line per use outside the homes, and per home without a use."""
    used: set[str] = set()
    for path, tree in trees.items():
        lines = [node.lineno for node in ast.walk(tree) if rule.found(node) and isinstance(node, ast.stmt | ast.expr)]
        if lines:
            used.add(path)
        if path not in rule.homes:
            yield from (f"{PACKAGE / path}:{line}: {rule.what} belongs to {next(iter(rule.homes))}" for line in lines)
    yield from (f"{path}: listed for {rule.what}, and has it no more" for path in rule.homes if path not in used)


def main() -> int:
    """Print every problem; the exit code is 1 when there is one."""
    paths = sorted(PACKAGE.rglob("*.py"))
    trees = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    found = [line for rule in RULES for line in problems(rule, trees)]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
