"""Sources from environment variables and from a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.dialects import DialectKeys, envelope
from salesloft_webhooks.errors import ConfigurationError, SignatureRejected
from salesloft_webhooks.receiver.sources import Source, load_sources
from salesloft_webhooks.settings import Settings

SECRET, OTHER = "an-invented-secret-value", "another-invented-value"
EAST = {"name": "east", "path": "/hooks/east", "envelope_secret": SECRET}
WEST = {"name": "west", "path": "/hooks/west", "callback_token": OTHER}


def from_variables(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[Source, ...]:
    """The sources of an environment."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_sources(Settings.load())


def from_text(tmp_path: Path, text: str) -> tuple[Source, ...]:
    """The sources of a file."""
    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    return load_sources(Settings.load(sources_file=path))


def from_entries(tmp_path: Path, *entries: dict[str, Any]) -> tuple[Source, ...]:
    """The sources of a file with these entries."""
    return from_text(tmp_path, json.dumps({"sources": entries}))


def refusal(tmp_path: Path, *entries: dict[str, Any]) -> str:
    """What is said against a file with these entries; never a key."""
    with pytest.raises(ConfigurationError) as caught:
        from_entries(tmp_path, *entries)
    assert caught.value.__cause__ is caught.value.__context__ is None
    return str(caught.value)


def test_one_variable_makes_the_default_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in the environment is all it takes; the rest has defaults."""
    (source,) = from_variables(monkeypatch, SALESLOFT_WEBHOOK_SECRET=SECRET)

    assert (source.name, source.path, source.tolerance_seconds) == ("default", "/webhooks/salesloft", 300)
    assert source.keys == DialectKeys(envelope_secrets=(SECRET.encode(),))


def test_every_variable_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Values and files, several keys each, path and tolerance all come from the environment."""
    file = tmp_path / "secret"
    file.write_text("master-one\nmaster-two\n")

    (source,) = from_variables(
        monkeypatch,
        SALESLOFT_WEBHOOK_SECRET="secret-one, secret-two",
        SALESLOFT_CALLBACK_TOKEN="token-one",
        SALESLOFT_CALLBACK_SECRET_FILE=str(file),
        SOURCE_PATH="/elsewhere",
        TIMESTAMP_TOLERANCE_SECONDS="60",
    )

    assert (source.path, source.tolerance_seconds) == ("/elsewhere", 60)
    assert source.keys == DialectKeys(
        envelope_secrets=(b"secret-one", b"secret-two"),
        callback_tokens=(b"token-one",),
        callback_secrets=(b"master-one", b"master-two"),
    )


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        pytest.param({}, "no key", id="nothing"),
        pytest.param({"SALESLOFT_WEBHOOK_SECRET": " , "}, "SALESLOFT_WEBHOOK_SECRET", id="only-commas"),
        pytest.param(
            {"SALESLOFT_WEBHOOK_SECRET": SECRET, "SALESLOFT_CALLBACK_TOKEN": SECRET},
            "SALESLOFT_WEBHOOK_SECRET and SALESLOFT_CALLBACK_TOKEN",
            id="one-key-twice",
        ),
        pytest.param(
            {"SALESLOFT_CALLBACK_TOKEN": SECRET, "SALESLOFT_CALLBACK_TOKEN_FILE": "x"},
            "SALESLOFT_CALLBACK_TOKEN and SALESLOFT_CALLBACK_TOKEN_FILE",
            id="value-and-file",
        ),
        pytest.param({"SALESLOFT_CALLBACK_SECRET_FILE": "gone"}, "SALESLOFT_CALLBACK_SECRET_FILE", id="file-missing"),
        pytest.param({"SALESLOFT_WEBHOOK_SECRET": SECRET, "SOURCE_PATH": "/{x}"}, "SOURCE_PATH", id="path-parameter"),
        pytest.param(
            {"SALESLOFT_WEBHOOK_SECRET": SECRET, "SOURCES_FILE": "x"},
            "SALESLOFT_WEBHOOK_SECRET and SOURCES_FILE",
            id="variables-and-file",
        ),
        pytest.param({"SOURCES_FILE": "gone"}, "SOURCES_FILE", id="sources-file-missing"),
    ],
)
def test_wrong_variables_are_named(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str) -> None:
    """Start-up refuses what cannot work and names the variable, without showing its value."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        from_variables(monkeypatch, **variables)

    assert SECRET not in str(caught.value)


def test_a_file_describes_several_sources(tmp_path: Path) -> None:
    """Each source has its own name, path, keys and tolerance; key files are relative to the sources file."""
    (tmp_path / "token").write_text("token-from-a-file")
    text = """
    sources:
      - name: eu
        path: /webhooks/eu
        callback_token_file: token
      - {name: relay, path: /webhooks/relay, envelope_secret: [one, two], timestamp_tolerance_seconds: 60}
    """

    eu, relay = from_text(tmp_path, text)

    assert (eu.name, eu.path, eu.tolerance_seconds) == ("eu", "/webhooks/eu", 300)
    assert eu.keys == DialectKeys(callback_tokens=(b"token-from-a-file",))
    assert (relay.name, relay.path, relay.tolerance_seconds) == ("relay", "/webhooks/relay", 60)
    assert relay.keys == DialectKeys(envelope_secrets=(b"one", b"two"))


def test_sources_do_not_share_their_keys(tmp_path: Path) -> None:
    """A delivery is proven to its own source only."""
    east, west = from_entries(tmp_path, EAST, WEST | {"envelope_secret": "a-third-invented-value"})
    signed = envelope.sign(b"{}", SECRET.encode(), 1000)
    headers = [(name.lower().encode(), value.encode()) for name, value in signed.items()]

    assert east.authenticate(headers, b"{}", 1000.0).key_index == 0
    with pytest.raises(SignatureRejected):
        west.authenticate(headers, b"{}", 1000.0)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"colour": "red"}, r"line \d+: sources.0.\*: Extra", id="unknown-field"),
        pytest.param({"name": "East Side"}, "sources.0.name", id="name-with-a-space"),
        pytest.param({"name": ""}, "sources.0.name", id="name-empty"),
        pytest.param({"path": "hooks"}, "sources.0.path", id="path-without-a-slash"),
        pytest.param({"path": "/{id}"}, "sources.0.path", id="path-with-a-parameter"),
        pytest.param({"envelope_secret": 12345}, "sources.0.envelope_secret", id="key-is-a-number"),
        pytest.param({"envelope_secret": [[SECRET]]}, "sources.0.envelope_secret", id="key-is-a-list-in-a-list"),
        pytest.param({"envelope_secret": None}, "sources.0.envelope_secret", id="key-is-null"),
        pytest.param({"envelope_secret": []}, "sources.0.envelope_secret", id="no-key-in-the-list"),
        pytest.param({"envelope_secret": ""}, "sources.0.envelope_secret", id="key-is-empty"),
        pytest.param({"envelope_secret_file": "x"}, "east: envelope_secret and", id="value-and-file"),
        pytest.param({"callback_token_file": "gone"}, "east: callback_token_file", id="file-missing"),
        pytest.param({"callback_secret": SECRET}, "envelope_secret and .*callback_secret", id="one-key-twice"),
        pytest.param({"timestamp_tolerance_seconds": 0}, "sources.0.timestamp_tolerance_seconds", id="no-tolerance"),
    ],
)
def test_wrong_entries_are_named(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    """A mistake in one field is refused with the field's name and without its value."""
    with pytest.raises(ConfigurationError, match=f"SOURCES_FILE: .*{named}") as caught:
        from_entries(tmp_path, EAST | changes)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("field", ["name", "path"])
def test_name_and_path_are_required(tmp_path: Path, field: str) -> None:
    """A source nobody can name or reach is refused."""
    entry = {name: value for name, value in EAST.items() if name != field}

    assert f"sources.0.{field}" in refusal(tmp_path, entry)


def test_a_source_without_a_key_is_refused(tmp_path: Path) -> None:
    """The message says which source cannot accept anything."""
    assert "source east" in refusal(tmp_path, {"name": "east", "path": "/x"})


@pytest.mark.parametrize("field", ["name", "path"])
def test_two_sources_differ_in_name_and_path(tmp_path: Path, field: str) -> None:
    """Two sources of one name or path could not be told apart."""
    assert f"two sources have the same {field}" in refusal(tmp_path, EAST, WEST | {field: EAST[field]})


def test_a_key_has_one_role_across_sources(tmp_path: Path) -> None:
    """An envelope secret of one source must not be a callback token of another."""
    message = refusal(tmp_path, EAST, WEST | {"callback_token": SECRET})

    assert "east" in message
    assert "west" in message
    assert SECRET not in message


@pytest.mark.parametrize(
    "text", ["", "sources: []", "sources: x", "- a", "other: 1", f"a: [{SECRET}", "\x00", "a: 2026-13-45", "[" * 5000]
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    """What is not a list of sources is refused as a whole, without quoting from it."""
    with pytest.raises(ConfigurationError, match="SOURCES_FILE") as caught:
        from_text(tmp_path, text)

    assert SECRET not in str(caught.value)


def test_sources_print_no_keys(tmp_path: Path) -> None:
    """A repr shows who may post where, and no key."""
    (source,) = from_entries(tmp_path, EAST)

    assert repr(source) == "Source(name='east', path='/hooks/east', tolerance_seconds=300)"
