"""A secret in a file is read again when it changes, and kept while the file is unusable."""

from pathlib import Path

import pytest

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.secret_file import SecretFile


def test_a_change_is_found(tmp_path: Path) -> None:
    """Once a second by itself, at once when somebody has to know; a line break at the end is not part of it."""
    path = tmp_path / "token"
    path.write_text("first\n")
    file = SecretFile("A_FILE", path)
    path.write_text("the second\r\n")

    assert not file.refresh()
    assert file.value == "first"
    assert file.refresh(now=True)
    assert file.value == "the second"
    assert not file.refresh(now=True)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", None], ids=["empty", "blank", "no text", "gone"])
def test_what_worked_goes_on_working(tmp_path: Path, content: bytes | None) -> None:
    """While a file is replaced it may be anything; nothing is lost, and the next usable content counts."""
    path = tmp_path / "token"
    path.write_text("first")
    file = SecretFile("A_FILE", path)

    path.unlink() if content is None else path.write_bytes(content)
    assert not file.refresh(now=True)
    assert file.value == "first"

    path.write_text("second")
    assert file.refresh(now=True)
    assert file.value == "second"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "holds no password"), (b"\xff", "is not UTF-8"), (None, "cannot be read: No such file")],
    ids=["empty", "no text", "gone"],
)
def test_it_must_be_usable_at_first(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """A mistake at the start is said by the setting's name, without the path and the content."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigurationError, match=f"A_FILE: the file {problem}") as caught:
        SecretFile("A_FILE", path, "password")

    assert str(tmp_path) not in str(caught.value)
    assert caught.value.__context__ is None
