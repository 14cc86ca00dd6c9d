"""What editors, shells and other systems leave in key files is removed or refused with a sentence, never a key."""

from pathlib import Path

import pytest

from salesloft_webhooks.configuration_files import validated
from salesloft_webhooks.dialects import key_kinds
from salesloft_webhooks.dialects.key_texts import split_keys
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.receiver.keyring import CHECK_SECONDS, Keyring, KeySetting
from salesloft_webhooks.receiver.source_entries import SourceEntry

SECRETS, *_ = key_kinds()
KEY = b"a-key-of-reasonable-length"
BOM = b"\xef\xbb\xbf"


def keys_of(path: Path) -> tuple[bytes, ...]:
    """The envelope secrets of a receiver started with this file."""
    return Keyring("default", [KeySetting(SECRETS, "SECRET_FILE", file=path)]).current()["envelope_secrets"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BOM + KEY, id="a byte order mark first"),
        pytest.param(KEY + BOM, id="a byte order mark last"),
        pytest.param(BOM + KEY + b"\r\n", id="as Windows editors save"),
        pytest.param(KEY + b"\n" + BOM, id="an empty file put behind it"),
        pytest.param(KEY + b"\n", id="a line feed last"),
        pytest.param(b"\n\n " + KEY + b" \n\n", id="blank lines around"),
        pytest.param(KEY + b"\xe2\x80\x8b", id="a space of no width, from a web page"),
        pytest.param(b"\xc2\xa0" + KEY, id="a space that does not break"),
        pytest.param(KEY + b"\n" + BOM + KEY, id="two files put together"),
    ],
)
def test_what_is_invisible_around_a_key_is_removed(tmp_path: Path, text: bytes) -> None:
    """The key is what people see in the file."""
    path = tmp_path / "secret"
    path.write_bytes(text)

    assert keys_of(path) == (KEY,)
    assert split_keys(text) == (KEY,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(KEY.decode().encode("utf-16"), "UTF-16", id="UTF-16 with a mark"),
        pytest.param(KEY.decode().encode("utf-16-le"), "UTF-16", id="UTF-16 without one"),
        pytest.param(KEY.decode().encode("utf-16-be"), "UTF-16", id="big-endian UTF-16"),
        pytest.param(KEY + b"\x07more", "control character", id="a control character"),
        pytest.param(b"a-key-" + BOM + b"cut-in-two-by-a-mark", "invisible character", id="a mark in the middle"),
        pytest.param(b'"' + KEY + b'"', "quotation marks", id="in quotation marks"),
        pytest.param(b"'" + KEY + b"'", "quotation marks", id="in single ones"),
        pytest.param(KEY + b"\\n", "backslash", id="a line feed in words"),
        pytest.param(BOM, "no key", id="a mark alone"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(tmp_path: Path, text: bytes, sentence: str) -> None:
    """Start-up says what is wrong with the file, by the setting's name and without the key; it is not 401 for all."""
    path = tmp_path / "secret"
    path.write_bytes(text)

    with pytest.raises(ConfigurationError, match=f"SECRET_FILE.*{sentence}") as caught:
        keys_of(path)

    assert "reasonable" not in str(caught.value)


def test_a_value_is_held_to_the_same(tmp_path: Path) -> None:
    """A key from a variable or a sources file with quotation marks around it, as ``docker --env-file`` keeps them."""
    written = {"name": "default", "path": "/", "envelope_secret": f'"{KEY.decode()}"'}

    with pytest.raises(ConfigurationError, match=r"SECRET: .*quotation marks") as caught:
        validated(SourceEntry, written, lambda _: "SECRET")

    assert "reasonable" not in str(caught.value)


def test_a_rotation_to_such_a_file_keeps_the_old_keys(tmp_path: Path) -> None:
    """While the receiver runs, a file that start-up would refuse changes nothing."""
    path = tmp_path / "secret"
    path.write_bytes(KEY)
    seconds = 100.0
    keyring = Keyring("default", [KeySetting(SECRETS, "SECRET_FILE", file=path)], lambda: seconds)

    path.write_bytes("the-next-key-in-another-coding".encode("utf-16"))
    seconds += CHECK_SECONDS

    assert keyring.current()["envelope_secrets"] == (KEY,)


@pytest.mark.parametrize("key", [b"with space", b"\xff\xfe binary", "schl\u00fcssel".encode(), b"it's", b"a\\b"])
def test_other_keys_are_nobodys_business(tmp_path: Path, key: bytes) -> None:
    """Letters of any language, blanks inside and bytes that are no text are kept as they are."""
    path = tmp_path / "secret"
    path.write_bytes(b"first-key," + key)

    assert keys_of(path) == (b"first-key", key)
