"""Fails when a piece of knowledge is used outside its one home: YAML, addresses, tasks, the statuses of answers.

Each rule names what it looks for and the files that may have it, each with the reason. A file that is listed and has it
no more fails, too: else the next use there would go unnoticed.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome, RequestRefusal

PACKAGE = Path("service/salesloft_webhooks")
STATUSES = {row.answer.status for row in [*DeliveryOutcome, *RequestRefusal] if row.answer} - {200}


def uses_yaml(node: ast.AST) -> bool:
    """An import of a library for YAML, in a statement or by a call."""
    names: list[object] = []
    if isinstance(node, ast.Import):
        names = [name.name for name in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module]
    elif isinstance(node, ast.Call) and called_name(node) in {"import_module", "__import__"}:
        names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    return any(str(name).partition(".")[0] in {"yaml", "ruamel", "strictyaml"} for name in names)


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
    starts = {"create_task", "ensure_future", "TaskGroup", "create_task_group", "run_coroutine_threadsafe"}
    return called_name(node) in starts or (called_name(node) == "cancel" and isinstance(node.func, ast.Attribute))


def states_a_status(node: ast.AST) -> bool:
    """A number that is the status of a refusal of ours."""
    return isinstance(node, ast.Constant) and node.value in STATUSES


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
        rooms: The folders that are looked at; none: all of the package.
    """

    what: str
    found: Callable[[ast.AST], bool]
    homes: Mapping[str, str]
    rooms: tuple[str, ...] = ()


RULES = (
    Rule(
        "YAML",
        uses_yaml,
        {
            "configuration_files.py": "the home: loads, substitutes, checks, quotes nothing",
            "handlers/reference.py": "writes a file of the chart for `make docs`, and reads none",
        },
    ),
    Rule(
        "the parts of a URL",
        takes_apart_a_url,
        {
            "broker/connection/addresses.py": "the home of Redis addresses",
            "cli/commands/trial/command_line.py": "a receiver's address",
            "handlers/builtin/warehouse/storage.py": "a bucket's address, which Arrow wants in parts",
            "handlers/database/address.py": "the home of DATABASE_URL",
        },
    ),
    Rule(
        "starting or cancelling a task",
        handles_a_task,
        {
            "background.py": "the home: owns start, failure, cancellation and the wait at the end",
            "broker/connection/line.py": "a timer's end, and a connection's",
            "broker/connection/switchboard.py": "one attempt to connect for all who wait, ended by cancel_and_wait",
            "broker/connection/sentinels.py": "questions to all sentinels at once, ended by cancel_and_wait",
            "cli/commands/up/supervised_process.py": "started with its process, ended by cancel_and_wait",
            "cli/store_access.py": "one command's work, ended by cancel_and_wait",
            "deadlines.py": "cancels the timer of its own, no tasks",
            "handlers/batch_handler.py": "one call; cancelled with an attempt in it, which waits for its end",
            "handlers/batching.py": "ends by itself when nobody waits for it; never cancelled",
            "operations/connection.py": "cancels timers of a connection, no tasks",
            "simulator/simulator.py": "in a task group, which owns them",
            "testing/pipeline.py": "whole roles, which end when their stop event is set",
            "handlers/one_attempt.py": "one attempt, ended by cancel_and_wait",
            "worker/attempt.py": "one attempt; its cancellation carries a reason, and its end is its settlement",
            "worker/idle_wait.py": "cancels the timer of its own, no tasks",
            "worker/readiness.py": "a check of somebody's own may ignore its cancellation, and must not be waited for",
        },
    ),
    Rule(
        "the status of an answer",
        states_a_status,
        {
            "delivery_outcomes.py": "the home: one row for each way a delivery or request can end",
            "operations/probes.py": "the operations port has answers of its own",
            "simulator/platform/access.py": "SalesLoft's token endpoint has answers of its own",
            "simulator/platform/answers.py": "SalesLoft's API has answers of its own",
            "simulator/platform/control_api.py": "the control port has answers of its own",
            "simulator/platform/http_api.py": "SalesLoft's API has answers of its own",
        },
        rooms=("delivery_outcomes.py", "receiver/", "operations/", "telemetry/", "simulator/"),
    ),
)


def problems(rule: Rule, trees: Mapping[str, ast.Module]) -> Iterator[str]:
    """One line per use outside the homes, and per home without a use."""
    used: set[str] = set()
    for path, tree in trees.items():
        if rule.rooms and not path.startswith(rule.rooms):
            continue
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
