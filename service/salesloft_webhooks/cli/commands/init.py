"""`init`: a small, working project of one's own: a router, tests, an image, values for the chart.

The files lie in ``project/`` beside the commands, as templates with ``$project``, ``$package`` and ``$version``; what
is different for a kind of project lies in ``project_kinds/`` under its name.
"""

import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from salesloft_webhooks.cli.failures import fail

SUFFIX = ".template"
LONGEST_NAME = 40
"""It is the consumer group's name too."""
_TAKEN = sys.stdlib_module_names | {"tests", "salesloft_webhooks"}
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Kind(StrEnum):
    """What the handlers work with."""

    PLAIN = "plain"
    """Whatever: one handler to begin with."""
    SQL = "sql"
    """A table of one's own, through SQLAlchemy."""
    HTTP = "http"
    """A service of one's own."""
    CRM = "crm"
    """The contacts of a CRM that is not built in."""
    NOTIFY = "notify"
    """A chat."""


def init(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower case letters, digits and dashes.")],
    directory: Annotated[Path, typer.Option("--in", help="Where the project's folder is made.")] = Path(),
    kind: Annotated[
        Kind, typer.Option("--kind", "-k", help="What the handlers work with: a table, a service, a CRM, a chat.")
    ] = Kind.PLAIN,
) -> None:
    """Write a project with handlers of your own: a router, its tests, a Dockerfile and values for the chart."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        fail(f"{name!r} is no project name: at most {LONGEST_NAME} lower case letters, digits and single dashes")
    if (package := name.replace("-", "_")) in _TAKEN or iskeyword(package):
        fail(f"{name!r} cannot be the name: Python or this project has a module {package!r} already")
    target = directory / name
    try:
        target.mkdir(parents=True)
        written = list(_write(target, name, kind))
    except FileExistsError:
        fail(f"{target} exists already; nothing was written")
    except OSError as exc:
        fail(f"{target} cannot be written: {exc.strerror}")
    for path in written:
        print(f"  {path}")
    print(f"Next: cd {target} && make test")


def _write(target: Path, name: str, kind: Kind) -> Iterator[Path]:
    from importlib.metadata import version

    words = {"project": name, "package": name.replace("-", "_"), "version": version("salesloft-webhooks")}
    here = files("salesloft_webhooks.cli")
    texts = dict(_templates(here / "project", Path()))
    if kind is not Kind.PLAIN:
        texts |= _templates(here / "project_kinds" / kind, Path())
    for path, text in texts.items():
        path = target / str(path).replace("package/", f"{words['package']}/", 1)  # noqa: PLW2901 - the same, elsewhere
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(words), encoding="utf-8")
        yield path


def _templates(folder: Traversable, inside: Path) -> Iterator[tuple[Path, str]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _templates(entry, inside / entry.name)
        elif entry.name.endswith(SUFFIX):
            yield inside / entry.name.removesuffix(SUFFIX), entry.read_text(encoding="utf-8")
