"""Configuration files: YAML that is loaded, completed from the environment, and checked, in one place.

Such a file may hold secrets, also where none belongs: a value under the wrong name, a secret that a slip of indentation
turned into a name. So no message has anything from the file in it. It says the line, the names of fields that exist
(others are written ``*``), and what is wrong. Errors are raised outside of ``except`` blocks: the libraries' own hold
whole inputs, and would hang on to ours as its context.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from salesloft_webhooks.errors import ConfigurationError

if TYPE_CHECKING:
    from yaml import Node

ModelT = TypeVar("ModelT", bound=BaseModel)
Location = tuple[int | str, ...]

_NO_NAME = re.compile(r"[\0\ud800-\udfff]")
_MOST_NODES = 100_000
"""Names and values of a file, more than anybody writes."""
_REFERENCE = re.compile(r"\$\{(file:)?([^}]+)\}")


def load_file(setting: str, path: Path, model: type[ModelT], *, references: bool = False) -> ModelT:
    """Read a YAML or JSON file (any JSON is YAML) as a model.

    Args:
        setting: The variable that names the file, for messages.
        path: The file. An empty one is the model's defaults.
        model: What it should be.
        references: Replace ``${NAME}`` by an environment variable and ``${file:/path}`` by a file's content, without
            the white space around it, in any text.

    Raises:
        ConfigurationError: it cannot be read, or something in it is missing, wrong or unknown.
    """
    node, content = _parsed(setting, path)
    if references:
        problems = list(_resolve_all(content, ()))
        content = _replaced(content)
        _refuse(setting, node, model, problems)
    try:
        return model.model_validate({} if content is None else content)
    except ValidationError as exc:
        problems = [(each["loc"], _message(each)) for each in _errors(exc)]
    _refuse(setting, node, model, problems)
    raise AssertionError  # never: what is invalid has a problem


def validated(model: type[ModelT], written: object, call: Callable[[str], str]) -> ModelT:
    """``written`` as the model, strictly.

    Args:
        model: What it should be.
        written: Plain values.
        call: How to name a field in messages, given its name (empty for the whole).

    Raises:
        ConfigurationError: each problem with the name of its field, none with a value.
    """
    try:
        return model.model_validate(written)
    except ValidationError as exc:
        problems = [f"{call('.'.join(map(str, each['loc'])))}: {_message(each)}" for each in _errors(exc)]
    raise ConfigurationError("; ".join(problems))


def _parsed(setting: str, path: Path) -> "tuple[Node | None, Any]":
    import yaml  # noqa: PLC0415 - most installations have no such file

    try:
        loader = yaml.SafeLoader(path.read_bytes())
        node = loader.get_single_node()
        if node is None:
            return None, None
        # Both before `<<` is carried out, which may name once more what it overrides.
        repeated, size = _repeated_line(node), _written_out(node, {})
        if repeated is None and size <= _MOST_NODES:
            return node, loader.construct_document(node)
        problem = (
            f"line {repeated}: the same name stands here for the second time"
            if repeated
            else "its aliases (*) repeat too much"
        )
    except OSError as exc:
        problem = f"cannot be read: {exc.strerror}"
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, LookupError, AttributeError) as exc:
        # ValueError: 2026-13-45 looks like a date and is none; TypeError: a list cannot be the name of a field. What
        # PyYAML says of a value that is not of its tag: LookupError (`!!bool x`), AttributeError (`!!timestamp x`).
        mark = getattr(exc, "problem_mark", None)
        problem = f"not YAML (line {mark.line + 1}, column {mark.column + 1})" if mark else "not YAML"
    raise ConfigurationError(f"{setting}: {problem}")


def _written_out(node: "Node", sizes: dict[int, int]) -> int:
    """How many nodes there are with every alias written out: whoever looks at all of them looks so often.

    Args:
        node: A node; what stands in itself is never written out, and counts as too many.
        sizes: Of nodes whose size is known, by their identity.
    """
    if id(node) not in sizes:
        sizes[id(node)] = _MOST_NODES + 1  # as long as it is not known: only what stands in itself is asked for it
        sizes[id(node)] = 1 + sum(_written_out(below, sizes) for _, _, below in _below(node))
    return sizes[id(node)]


def _repeated_line(root: "Node") -> int | None:
    """The line of a name that its mapping has already: YAML forbids it, PyYAML takes the last, people see the first."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue  # an alias may even stand within what it names
        seen.add(id(node))
        names: set[str] = set()
        for name, line, below in _below(node):
            if name in names:
                return line + 1
            names.add(name)
            waiting.append(below)
    return None


def _refuse(setting: str, node: "Node | None", model: type[BaseModel], problems: list[tuple[Location, str]]) -> None:
    if problems:
        known = _names(model)
        texts = (f"{_where(location, node, known)}{message}" for location, message in problems)
        raise ConfigurationError(f"{setting}: {'; '.join(texts)}")


def _where(location: Location, node: "Node | None", known: set[str]) -> str:
    """``line 3: sources.0.path: ``; what is no field of the model is written ``*``."""
    parts = ".".join(str(part) if isinstance(part, int) or part in known else "*" for part in location)
    line = "" if node is None else f"line {_line(location, node)}: "
    return f"{line}{parts}: " if parts else line


def _line(location: Location, node: "Node") -> int:
    """Where a location begins; of what is missing, where it should be."""
    line: int = node.start_mark.line
    for part in location:
        below = next((pair for pair in _below(node) if pair[0] == str(part)), None)
        if below is not None:  # else it is missing, or the tag of a union, which stands nowhere
            _, line, node = below
    return line + 1


def _below(node: "Node") -> "Iterator[tuple[str, int, Node]]":
    import yaml  # noqa: PLC0415 - loaded already, there is a node

    if isinstance(node, yaml.MappingNode):
        yield from ((str(name.value), name.start_mark.line, value) for name, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from ((str(number), value.start_mark.line, value) for number, value in enumerate(node.value))


@cache
def _names(model: type[BaseModel]) -> set[str]:
    """Every name that fields, and variants of them, have anywhere in the model."""
    found: set[str] = set()

    def collect(schema: Any) -> None:
        for name, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
            if name in {"properties", "mapping"}:
                found.update(value)
            if isinstance(value, dict | list):
                collect(value)

    collect(model.model_json_schema())
    return found


def _errors(error: ValidationError) -> Iterable[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)


def _message(error: ErrorDetails) -> str:
    if error["type"] == "union_tag_invalid":  # the one message of pydantic's with a value in it
        return f"must be one of {error['ctx']['expected_tags']}"
    return error["msg"]


def _resolve_all(value: Any, location: Location) -> Iterator[tuple[Location, str]]:
    """What is wrong with the references in a value, by location."""
    if isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _resolve_all(each, (*location, name if isinstance(name, int) else str(name)))
    elif isinstance(value, str):
        for match in _REFERENCE.finditer(value):
            _, problem = _referenced(match)
            if problem:
                yield location, problem


def _replaced(value: Any) -> Any:
    """The value with every reference in its texts replaced."""
    if isinstance(value, dict):
        return {key: _replaced(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each) for each in value]
    return _REFERENCE.sub(lambda match: _referenced(match)[0], value) if isinstance(value, str) else value


def _referenced(match: re.Match[str]) -> tuple[str, str]:
    """What a reference stands for, and what is wrong with it."""
    from_file, name = match.groups()
    if _NO_NAME.search(name):  # Python's own error repeats it
        return "", "refers to what cannot be a name"
    if not from_file:
        return os.environ.get(name, ""), "" if name in os.environ else "refers to a variable that is not set"
    try:
        return Path(name).read_text(encoding="utf-8").strip(), ""
    except OSError as exc:
        return "", f"refers to a file that cannot be read: {exc.strerror}"
    except ValueError:
        return "", "refers to a file that is not UTF-8"
