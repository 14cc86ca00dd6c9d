"""A file with keys is rewritten whole, or not at all."""

import os
from pathlib import Path

import pytest

from salesloft_webhooks.cli.commands.subscriptions.key_file import KEY_BYTES, RotatingKeyFile
from salesloft_webhooks.errors import ConfigurationError


def test_a_key_comes_and_the_others_go(tmp_path: Path) -> None:
    """A new one is put before those that are there; later it alone stays. The file's mode and its link stay as well."""
    file, link = tmp_path / "keys", tmp_path / "link"
    file.write_text("one\n")
    file.chmod(0o640)
    link.symlink_to(file)
    keys = RotatingKeyFile(link)

    assert keys.add((b"one",))
    both = keys.keys
    assert keys.keep_first(both)

    assert (len(both[0]), both[1]) == (2 * KEY_BYTES, b"one")
    assert keys.keys == both[:1]
    assert (file.stat().st_mode & 0o777, link.is_symlink()) == (0o640, True)


def test_what_somebody_else_wrote_meanwhile_stays(tmp_path: Path) -> None:
    """Whoever rotates has looked at other keys: nothing is written, and it is said so."""
    file = tmp_path / "keys"
    file.write_text("two,one")
    keys = RotatingKeyFile(file)

    assert not keys.add((b"one",))
    assert not keys.keep_first((b"three", b"one"))

    assert file.read_text() == "two,one"


def test_a_disk_that_fails_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of before stay, nothing is left beside them, and no message has one."""

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "keys"
    file.write_text("a-secret-key")
    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(ConfigurationError, match="cannot be rewritten: No space left") as caught:
        RotatingKeyFile(file).add((b"a-secret-key",))

    assert file.read_text() == "a-secret-key"
    assert list(tmp_path.iterdir()) == [file]
    assert "a-secret-key" not in str(caught.value)


def test_a_file_that_is_not_there_is_named_by_its_setting(tmp_path: Path) -> None:
    """Not by its path, which may say more than a log should."""
    with pytest.raises(ConfigurationError, match="SALESLOFT_CALLBACK_SECRET_FILE: the file cannot be read"):
        _ = RotatingKeyFile(tmp_path / "missing").keys
