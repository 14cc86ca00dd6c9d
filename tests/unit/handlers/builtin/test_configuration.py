"""The handlers file: typed, strict, and without a secret in it or in its errors."""

from pathlib import Path

import pytest

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.builtin.configuration import HandlersConfiguration, load_configuration
from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
from salesloft_webhooks.settings import Settings


def loaded(tmp_path: Path, text: str) -> HandlersConfiguration:
    """The configuration in a file of that text."""
    file = tmp_path / "handlers.yaml"
    file.write_text(text)
    return load_configuration(Settings.load(handlers_file=file))


def test_references_are_replaced_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any text at any depth: environment variables as they are, files without the newline at their end."""
    monkeypatch.setenv("HUBSPOT_HOST", "hubspot.example.com")
    (tmp_path / "token").write_text("geheim\n")

    crm = loaded(
        tmp_path,
        f"crm: {{backend: hubspot, token: 'x${{file:{tmp_path}/token}}y', base_url: 'https://${{HUBSPOT_HOST}}/'}}",
    ).crm

    assert isinstance(crm, HubSpotCrm)
    assert crm.token.get_secret_value() == "xgeheimy"
    assert str(crm.base_url) == "https://hubspot.example.com/"
    assert "geheim" not in repr(crm)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("crm: {backend: hubspot}", "token"),
        ("crm: {backend: oracle}", "crm"),
        ("crm: {backend: sql, token: geheim}", "token"),
        ("crm:\n  backend: hubspot\n  token: x\n  geheim:\n", "line 4: crm.hubspot.*: Extra"),
        ("crm: {backend: hubspot, token: {geheim}}", "crm.hubspot.token"),
        ("crm: {backend: geheim}", "must be one of"),
        ("crm: {backend: sql, log: ['email.sent']}", "crm.sql.log: Extra"),
        ("crm: {backend: hubspot, token: x, log: ['person.geheim*']}", "number 1 means nothing that can be logged"),
        ("crm: {backend: hubspot, token: x, match: [crm_id, crm_id]}", "a way is named twice"),
        ("crm: {backend: hubspot, token: x, match: []}", "match"),
        ("crm: {backend: hubspot, token: x, match: [crm_id, salesloft_id]}", "salesloft_id comes first"),
        ("crm: {backend: hubspot, token: x, api_version: v3}", "api_version"),
        ("crm: {backend: hubspot, token: x, owners: {geheim@example.com: '1'}}", "owners are for owner_field"),
        ("crm: {backend: hubspot, token: x, owner_field: geheim}", "owner_field needs owners or owners_by_email"),
        ("crm: {backend: hubspot, token: x, log: ['*']}", "calls needs salesloft_id in match"),
        ("crm: {backend: hubspot, token: x, match: [crm_id]}", "crm_id alone does not find again"),
        (
            "crm: {backend: hubspot, token: x, match: [salesloft_id], fields: {email_address: {to: email}}}",
            "email is written by itself",
        ),
        (
            "crm: {backend: hubspot, token: x, match: [salesloft_id], bounced_field: email}",
            "email is written by itself",
        ),
        (
            "crm: {backend: hubspot, token: x, match: [salesloft_id], fields: {id: salesloft_person_id}}",
            "salesloft_id_field is written by itself",
        ),
        ("crm: {backend: hubspot, token: x, fields: {title: {to: geheim, type: colour}}}", "type"),
        ("crm: {backend: hubspot, token: !geheim x}", "not YAML (line 1, column"),
        ("a: 2026-13-45", "not YAML"),
        ("[" * 5000, "not YAML"),
        ("? [a]\n: geheim", "not YAML"),
        ("notify: {reps: {someone: {urls: [geheim]}}}", "reps"),
        ("notify: {quiet_hours: {start: '25:00', end: '07:00'}}", "start"),
        ("notify: {quiet_hours: {start: '22:00', end: '07:00', zone: geheim}}", "zone"),
        ("forward: {billing: {url: 'ftp://geheim', secrets: [x]}}", "url"),
        ("forward: {billing: {url: 'https://example.com', secrets: []}}", "secrets"),
        ("forward: {Billing: {}}", "forward"),
        ("forward: {b: {url: 'https://b.invalid', secrets: [x], events: ['EMAIL.*']}}", "number 1 is no event pattern"),
        ("notify: {messages: {'email.[os]*': {}}}", "no event pattern"),
        ("geheim: {}", "line 1: *: Extra"),
        ("crm: [", "YAML"),
        ("[1, 2]", "HANDLERS_FILE"),
        (
            "crm: {backend: hubspot, token: '${SURELY_NOT_SET}'}",
            "line 1: crm.token: refers to a variable that is not set",
        ),
        (
            "crm: {backend: hubspot, token: '${file:/surely/not/there}'}",
            "line 1: crm.token: refers to a file that cannot be read: No such",
        ),
    ],
)
def test_what_is_wrong_is_named_and_its_value_is_not(tmp_path: Path, text: str, named: str) -> None:
    """A worker that does not start says which field to look at."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)

    assert named in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The setting, not a traceback."""
    with pytest.raises(ConfigurationError, match="HANDLERS_FILE"):
        load_configuration(Settings.load(handlers_file=tmp_path / "nowhere.yaml"))


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    """A mounted file may begin empty."""
    assert loaded(tmp_path, "") == HandlersConfiguration()
