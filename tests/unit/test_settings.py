"""Settings come from the environment, and what is wrong with them is said by name, never by value."""

import ast
import re
from pathlib import Path
from traceback import format_exception

import pytest

from salesloft_webhooks.dialects.registry import key_kinds
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.settings import Settings
from tests.support.rules_and_dashboards import ROOT


def test_variables_are_read_and_options_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable sets the setting of its name, a command-line option wins, an empty one is not set."""
    monkeypatch.setenv("PORT", "8001")
    monkeypatch.setenv("OPS_PORT", "9091")
    monkeypatch.setenv("BACKLOG_LIMIT", "")

    settings = Settings.load(port=8002, ops_port=None)

    assert (settings.port, settings.ops_port, settings.backlog_limit) == (8002, 9091, 1_000_000)


@pytest.mark.parametrize("name", Settings.FROM_FILES)
def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """Its line break is no part of it, the variable itself wins, and a file that holds nothing is named by setting."""
    file, variable = tmp_path / "planted-name", name.upper()
    file.write_text("json://user:hunter2@one.invalid\n")
    monkeypatch.setenv(f"{variable}_FILE", str(file))

    assert secret_texts(Settings.load(), name) == ["json://user:hunter2@one.invalid"]
    monkeypatch.setenv(variable, "json://another.invalid")
    assert secret_texts(Settings.load(), name) == ["json://another.invalid"]
    monkeypatch.delenv(variable)
    for content in (b"", b"\n", b"hunter2\xff", None):
        file.write_bytes(content) if content is not None else file.unlink()
        with pytest.raises(ConfigurationError, match=f"^{variable}_FILE: the file ") as raised:
            Settings.load()
        assert not re.search("hunter|planted", "".join(format_exception(raised.value)))


def secret_texts(settings: Settings, name: str) -> list[str]:
    """What a setting of secrets holds."""
    value = getattr(settings, name)
    return [each.get_secret_value() for each in (value if isinstance(value, tuple) else (value,))]


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """White space and empty parts do not matter; the parts of a secret list stay secret."""
    monkeypatch.setenv("WORKER_EVENTS", "person.*, email.opened,,")
    monkeypatch.setenv("NOTIFY_URLS", "json://one.invalid,json://two.invalid")

    settings = Settings.load()

    assert settings.worker_events == ("person.*", "email.opened")
    assert [url.get_secret_value() for url in settings.notify_urls] == ["json://one.invalid", "json://two.invalid"]
    assert "invalid" not in repr(settings)


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each problem names its variable; the value, which may be a misplaced secret, is not repeated."""
    monkeypatch.setenv("PORT", "hunter2")
    monkeypatch.setenv("DURABILITY", "hunter3")

    with pytest.raises(ConfigurationError) as raised:
        Settings.load()

    assert "PORT: " in str(raised.value)
    assert "DURABILITY: " in str(raised.value)
    assert "hunter" not in str(raised.value)


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        pytest.param(
            {"backoff_base_seconds": 60.0, "backoff_cap_seconds": 1.0}, "BACKOFF_CAP_SECONDS", id="cap below base"
        ),
        pytest.param(
            {"idempotency_ttl_seconds": 3600, "retention_seconds": 7200},
            "IDEMPOTENCY_TTL_SECONDS",
            id="forgets history",
        ),
        pytest.param({"console_grafana_url": "javascript:alert(1)"}, "CONSOLE_GRAFANA_URL", id="a script as a link"),
        pytest.param(
            {"console_grafana_url": "https://u:p@g.example.com"}, "CONSOLE_GRAFANA_URL", id="a login in a link"
        ),
        pytest.param({"no_handler_seconds": 15.0}, "NO_HANDLER_SECONDS", id="forgets the living"),
        pytest.param({"store_max_bytes": 320}, "STORE_MAX_BYTES: .*at least 16777216", id="megabytes"),
        pytest.param({"body_memory_bytes": 1000}, "BODY_MEMORY_BYTES", id="no room for the largest body"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(overrides: dict[str, object], named: str) -> None:
    """What could never work is found at the start, not at the first delivery."""
    with pytest.raises(ConfigurationError, match=named):
        Settings.load(**overrides)


def settings_read() -> set[str]:
    """What the code reads of a settings object, by field or, where a table lists variables, by the variable's name.

    Keys are read as the dialects list them: receiver/sources.py goes through all kinds, with and without ``_FILE``.
    """
    found = {f"{kind.setting}{file}".lower() for kind in key_kinds() for file in ("", "_FILE")}
    found |= {f"{name}_file" for name in Settings.FROM_FILES}  # environment.py
    for path in (ROOT / "service/salesloft_webhooks").rglob("*.py"):
        if path.name in {"settings.py", "store_settings.py", "salesloft_settings.py"}:
            continue  # checks of one setting against another are no use of it
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
                found |= {node.attr} if owner.endswith("settings") else set()
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isupper():
                found.add(node.value.lower())
    return found


def test_every_setting_is_read_somewhere() -> None:
    """No variable is documented that changes nothing."""
    assert set(Settings.model_fields) - settings_read() == set()
