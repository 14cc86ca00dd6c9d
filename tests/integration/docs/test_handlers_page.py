"""The examples of docs/handlers.md work as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.handlers.builtin.configuration import HandlersConfiguration, load_configuration
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from tests.integration.docs.test_python import file_of
from tests.support.documents import blocks, read

PAGE = read("docs/handlers.md")
YAML = [block.text for block in blocks("docs/handlers.md", "yaml")]


def test_the_python_examples_pass_their_tests(tmp_path: Path) -> None:
    """All of them, written into the files they name, as one project."""
    for block in blocks("docs/handlers.md", "python"):
        (tmp_path / file_of(block)).write_text(block.text)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )

    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout
    assert "3 passed" in result.stdout


@pytest.mark.parametrize("text", YAML, ids=lambda text: " ".join(text.split()[:3]))
def test_the_yaml_examples_configure_their_groups(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every field is known, every reference is found, and the groups can be loaded."""
    secret = tmp_path / "secret"
    secret.write_text("client-secret\n")
    for name in re.findall(r"\$\{(\w+)\}", text):
        monkeypatch.setenv(
            name, "json://localhost" if re.search("SLACK|TEAMS", name) else "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        )
    monkeypatch.setenv("SALESLOFT_API_TOKEN", "ak-an-invented-api-token")  # which reps by e-mail address need
    file = tmp_path / "handlers.yaml"
    file.write_text(re.sub(r"\$\{file:[^}]+\}", f"${{file:{secret}}}", text))
    settings = Settings.load(handlers_file=file)

    for section, content in yaml.safe_load(text).items():
        groups = [f"forward-{name}" for name in content] if section == "forward" else [section]
        assert all(load_group(group, (), settings).patterns for group in groups)


def test_the_page_knows_every_section() -> None:
    """A group that can be configured is described."""
    for name in HandlersConfiguration.model_fields:
        assert f"### {name}\n" in PAGE
        assert any(text.startswith(f"{name}:") for text in YAML)


def test_without_a_file_everything_is_at_its_default() -> None:
    """The variables alone are enough to start with."""
    assert load_configuration(Settings.load()) == HandlersConfiguration()
