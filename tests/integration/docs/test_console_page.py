"""docs/console.md: its settings let people sign in, and its file of tokens lets in whoever has one."""

import subprocess
from pathlib import Path

import pytest

from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.sign_in import open_sign_in
from salesloft_webhooks.console.sign_in.proxied import ProxySignIn
from salesloft_webhooks.console.sign_in.role_file import Identity, person_of, read_role_file
from salesloft_webhooks.console.sign_in.token_file import read_tokens
from salesloft_webhooks.settings import Settings
from tests.support.documents import Block, blocks

PAGE = "docs/console.md"
(ROLES,) = blocks(PAGE, "yaml")


def block(words: str) -> Block:
    """The block of shell in which these words stand."""
    (found,) = [each for each in blocks(PAGE, "sh") if words in each.text]
    return found


def written(folder: Path) -> Path:
    """The file of roles that the page shows."""
    path = folder / "roles.yaml"
    path.write_text(ROLES.text, "utf-8")
    return path


def test_the_roles_are_given_to_those_names(tmp_path: Path) -> None:
    """Somebody has what their name and groups are given, and what everybody is."""
    file = read_role_file(written(tmp_path))

    assert person_of(Identity("robin@example.com"), file).roles == {Role.VIEW, Role.REVEAL, Role.OPERATE}
    assert person_of(Identity("sam", frozenset({"platform"})), file).roles == {Role.VIEW, Role.OPERATE, Role.DESTROY}
    assert person_of(Identity("anybody"), file).roles == {Role.VIEW}


async def test_the_settings_of_a_proxy_are_all_it_needs(tmp_path: Path) -> None:
    """What is exported opens a sign-in by the proxy's token."""
    lines = (line.removeprefix("export ").partition("=") for line in block("CONSOLE_JWKS_URL").text.splitlines())
    chosen = {name.lower(): value for name, _, value in lines} | {"console_roles_file": str(written(tmp_path))}

    assert set(chosen) <= set(Settings.model_fields)
    async with open_sign_in(Settings.load(**chosen)) as sign_in:
        assert isinstance(sign_in, ProxySignIn)


@pytest.mark.parametrize("at_once", [1, 2])
def test_the_token_that_is_made_is_one(at_once: int, tmp_path: Path) -> None:
    """The lines write a file that the console reads, once and again."""
    making = block("openssl rand").text.rpartition("curl")[0]
    for _ in range(at_once):
        subprocess.run(["bash", "-euc", making], cwd=tmp_path, check=True)

    found = read_tokens(tmp_path / "console-tokens")

    expected = Person("deploy", frozenset({Role.VIEW, Role.OPERATE}))
    assert list(found.values()) == [expected] * at_once
