"""Who wrote a handler is shown their own line, however deep in libraries it failed."""

import json
import sys
from asyncio import TaskGroup
from collections.abc import Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType

import pytest

from salesloft_webhooks.authors_line import authors_line, frames_of
from salesloft_webhooks.broker.administration.error_classes import CONSIDERED, error_class
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.loading import import_attribute
from salesloft_webhooks.handlers.one_attempt import run
from salesloft_webhooks.testing import event
from salesloft_webhooks.worker.described_errors import ERROR_LENGTH, describe

HANDLERS = """
import json
from salesloft_webhooks import Router

router = Router()

def parse(text):
    return json.loads(text)

@router.on("person.*")
async def fails(event):
    parse("no json")

@router.on("email.*")
async def has_a_bug(event):
    event.nonsense()
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package of an author's."""
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "hooks.py").write_text(HANDLERS)
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module("acme.hooks")
    for name in ("acme.hooks", "acme"):
        sys.modules.pop(name)


async def test_the_last_line_of_ones_own_is_shown(acme: ModuleType) -> None:
    """Neither the router that called it, nor the library it called; and the line's text is at hand."""
    error = (await run(acme.router, event("person.created"))).error

    assert error is not None
    line = authors_line(error)
    assert line is not None
    assert (str(line), line.source) == ("acme/hooks.py:8", "return json.loads(text)")
    assert describe(error) == "JSONDecodeError: Expecting value: line 1 column 1 (char 0) (acme/hooks.py:8)"
    frames = [Path(frame.filename).name for frame in frames_of(error)]
    assert frames[:2] == ["hooks.py", "hooks.py"]
    assert frames[-1] == Path(json.decoder.__file__).name


async def test_an_installed_package_has_lines_too(
    acme: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handlers that were installed by pip are the author's, libraries beside them are not."""
    folder = tmp_path / "site-packages" / "other"
    folder.mkdir(parents=True)
    (folder / "hooks.py").write_text(HANDLERS)
    monkeypatch.syspath_prepend(folder.parent)
    invalidate_caches()
    installed = import_module("other.hooks")

    error = (await run(installed.router, event("person.created"))).error

    assert error is not None
    assert str(authors_line(error)) == "other/hooks.py:8"


def test_our_own_errors_have_none() -> None:
    """What the service says itself, and what a library says to it, has no line of an author's."""
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads("no json")
    raised.value.__traceback__ = raised.tb.tb_next  # without this test's own line

    assert authors_line(raised.value) is None
    assert list(frames_of(raised.value))


async def test_each_error_of_several_has_its_own() -> None:
    """Of an exception group, what was raised in each task."""

    async def fail(word: str) -> None:
        raise OSError(word)

    async def fail_twice() -> None:
        async with TaskGroup() as group:
            group.create_task(fail("one"))
            group.create_task(fail("two"))

    with pytest.raises(ExceptionGroup) as raised:
        await fail_twice()

    first, second = describe(raised.value).split("; ")
    assert first.startswith("OSError: one (tests/unit/test_authors_line.py:")
    assert second.startswith("OSError: two (tests/unit/test_authors_line.py:")


def test_a_long_message_leaves_room_for_it() -> None:
    """The message is cut, the line is not; and a class of errors knows nothing of lines, whole or cut off."""
    with pytest.raises(OSError, match="aaa") as raised:
        raise OSError("word " * ERROR_LENGTH + "aaa")
    told = describe(raised.value)

    assert len(told) == ERROR_LENGTH
    assert "(tests/unit/test_authors_line.py:" in told[-50:]
    moved = "KeyError: x (acme/hooks.py:{})"
    assert error_class(moved.format(7)) == error_class(moved.format(1234)) == error_class("KeyError: x")
    long = "OSError: " + "word " * 35
    assert {error_class(f"{long}(acme/hooks.py:7)"[:cut]) for cut in range(len(long), CONSIDERED + 1)} == {long.strip()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\nprint(undefined)\n", "NameError: name 'undefined' is not defined\n  broken.py:2: print(undefined)"),
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'\n  broken.py:1: import"),
        ("def f(:\n    pass\n", "SyntaxError: invalid syntax\n  broken.py:1: def f(:"),
    ],
    ids=["name", "import", "syntax"],
)
def test_a_module_that_cannot_be_imported_says_where(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line in the module and what stands there, in place of the import system's stack."""
    (tmp_path / "broken.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    invalidate_caches()

    with pytest.raises(ConfigurationError) as raised:
        import_attribute("broken:router", "WORKER_HANDLERS: number 1", "router")

    assert str(raised.value).startswith(f"WORKER_HANDLERS: number 1: cannot be imported: {expected}")
    sys.modules.pop("broken", None)
