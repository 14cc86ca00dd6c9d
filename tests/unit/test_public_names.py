"""What handler authors are told to import can be imported."""

import ast
import importlib
import pkgutil
import subprocess
import sys

import pytest

import salesloft_webhooks
from tests.support.documents import blocks, inline

PACKAGE = "salesloft_webhooks"
EXPORTING = [
    module.name
    for module in pkgutil.walk_packages(salesloft_webhooks.__path__, f"{PACKAGE}.")
    if "migrations" not in module.name and hasattr(importlib.import_module(module.name), "__all__")
]


def imported() -> list[tuple[str, str, str]]:
    """Place, module and name of every import of ours in any document."""
    return [
        (str(block), node.module, alias.name)
        for block in blocks("*", "python")
        for node in ast.walk(ast.parse(block.text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == PACKAGE
        for alias in node.names
        if node.module
    ]


def expressions() -> list[tuple[str, str]]:
    """Place and text of every call or attribute of a public name that stands within a sentence."""
    found = []
    for document, text in inline():
        name = text.partition("(")[0].partition(".")[0]
        if name in salesloft_webhooks.__all__ and "..." not in text and any(sign in text for sign in "(."):
            found.append((document, text))
    return sorted(set(found))


@pytest.mark.parametrize("name", salesloft_webhooks.__all__)
def test_a_public_name_can_be_imported_first(name: str) -> None:
    """Each works as the first import of a process: the lazy look-up knows every name that is promised."""
    program = f"from {PACKAGE} import {name}; assert {name}"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_all_of_them_can_be_imported_at_once() -> None:
    """A star import gets every name, and none that does not exist."""
    program = f"from {PACKAGE} import *; import {PACKAGE} as p; assert set(p.__all__) <= set(globals())"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("module", EXPORTING)
def test_every_module_has_what_it_exports(module: str) -> None:
    """No `__all__` names what is not there."""
    loaded = importlib.import_module(module)

    assert [name for name in loaded.__all__ if not hasattr(loaded, name)] == []


@pytest.mark.parametrize(("place", "module", "name"), imported())
def test_documents_import_what_is_there(place: str, module: str, name: str) -> None:
    """Every import in any document works, and from our own package only names that are promised."""
    loaded = importlib.import_module(module)

    assert hasattr(loaded, name), place
    assert module != PACKAGE or name in salesloft_webhooks.__all__, place


@pytest.mark.parametrize(("document", "text"), expressions())
def test_code_within_a_sentence_works(document: str, text: str) -> None:
    """A call that a sentence shows, such as `Router(ordering=Ordering.ENTITY)`, can be made as it stands."""
    names = {name: getattr(salesloft_webhooks, name) for name in salesloft_webhooks.__all__}

    assert eval(text, names) is not None, document  # noqa: S307 - our own documents
