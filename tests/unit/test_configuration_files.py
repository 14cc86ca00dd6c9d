"""Whatever somebody writes into a configuration file, the answer is one sentence of ours, without what they wrote."""

import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from salesloft_webhooks.configuration_files import load_file
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.receiver.sources import load_sources
from salesloft_webhooks.settings import Settings

REPEATED = "a: &a0 [x]\n" + "".join(f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
"""Eight lines that stand for a hundred million values."""


class Anything(BaseModel):
    """A file that may hold anything under one name."""

    secret: object = None


@pytest.mark.parametrize(
    "written",
    [
        "!!bool s3cr3t",
        '!!int ""',
        '!!float ""',
        "!!timestamp s3cr3t",
        "secret: !!bool s3cr3t",
        "secret: &a {s3cr3t: *a}",
        "secret: &a [s3cr3t, *a]",
        'secret: "${s3cr3t\\ud800}"',
        'secret: "${file:/s3cr3t\\0}"',
        'secret: "${file:s3cr3t\\udfff}"',
        REPEATED,
    ],
    ids=ascii,
)
def test_what_the_parser_stumbles_over_is_wrong_and_not_repeated(tmp_path: Path, written: str) -> None:
    """A value that is not of its tag, what stands in itself, names that no file has: an error of ours, at once."""
    file = tmp_path / "written.yaml"
    file.write_text(written, encoding="utf-8")
    began = time.process_time()

    with pytest.raises(ConfigurationError) as raised:
        load_file("SETTING", file, Anything, references=True)

    assert str(raised.value).startswith("SETTING: ")
    assert "s3cr3t" not in str(raised.value)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("name", ['"a\\0b"', '"a\\ud800b"'], ids=["a null", "half a character"])
def test_a_key_file_that_no_file_can_be_is_named(tmp_path: Path, name: str) -> None:
    """Which field is wrong is said, as for a file that is not there."""
    file = tmp_path / "sources.yaml"
    file.write_text(f"sources:\n- name: eu\n  path: /eu\n  callback_token_file: {name}\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"SOURCES_FILE: eu: callback_token_file: no file can have this name"):
        load_sources(Settings.load(sources_file=file))
