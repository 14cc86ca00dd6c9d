"""Who may sign in, by which way, and which settings would let in whoever comes."""

import base64
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.requests import Request

from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import NotAllowed, NotSignedIn
from salesloft_webhooks.console.sign_in import open_sign_in
from salesloft_webhooks.console.sign_in.loopback import LoopbackSignIn
from salesloft_webhooks.console.sign_in.role_file import Identity, person_of, read_role_file
from salesloft_webhooks.console.sign_in.token_file import TokenSignIn, read_tokens
from salesloft_webhooks.console.sign_in.watched_file import WatchedFile
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.settings import Settings

ROLES = """
people:
  robin@example.com: [view, reveal]
groups:
  ops: [view, operate]
"""
SECRET = "a-long-and-random-token"


def request(headers: dict[str, str] | None = None, *more: tuple[str, str]) -> Request:
    """A request with these headers."""
    pairs = [*(headers or {}).items(), *more]
    raw = [(name.lower().encode(), value.encode()) for name, value in pairs]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


def written(folder: Path, text: str) -> Path:
    """A file with this text."""
    path = folder / "file"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("identity", "roles"),
    [
        pytest.param(Identity("robin@example.com"), {Role.VIEW, Role.REVEAL}, id="by name"),
        pytest.param(Identity("x", frozenset({"ops"})), {Role.VIEW, Role.OPERATE}, id="by group"),
        pytest.param(
            Identity("robin@example.com", frozenset({"ops"})), {Role.VIEW, Role.REVEAL, Role.OPERATE}, id="by both"
        ),
        pytest.param(Identity("xrobin@example.com"), None, id="a longer name"),
        pytest.param(Identity("robin@example.com.evil.test"), None, id="a fitting domain"),
        pytest.param(Identity("Robin@example.com"), None, id="another case"),
        pytest.param(Identity("ops"), None, id="a name that is a group"),
        pytest.param(Identity("x", frozenset({"robin@example.com"})), None, id="a group that is a name"),
    ],
)
def test_only_the_exact_name_has_roles(identity: Identity, roles: set[Role] | None, tmp_path: Path) -> None:
    """Names and groups are compared as they are and do not stand for each other; whoever has no role is named."""
    file = read_role_file(written(tmp_path, ROLES))

    if roles is not None:
        assert person_of(identity, file).roles == roles
        return
    with pytest.raises(NotAllowed) as raised:
        person_of(identity, file)
    assert raised.value.person == Person(identity.name, frozenset())


@pytest.mark.parametrize("text", ["people: [robin]", "people: {robin: [root]}", "patterns: {}", ": :"])
def test_a_role_file_that_cannot_be_understood_is_refused(text: str, tmp_path: Path) -> None:
    """An unknown role or word is no role; the message names the setting, and nothing of the file."""
    with pytest.raises(ConfigurationError, match="CONSOLE_ROLES_FILE") as raised:
        read_role_file(written(tmp_path, text))

    assert "robin" not in str(raised.value)


def test_a_file_that_becomes_wrong_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file counts within a second; one that is wrong, or gone, leaves what was read before."""
    monkeypatch.setattr("salesloft_webhooks.console.sign_in.watched_file.CHECK_SECONDS", 0.0)
    path = written(tmp_path, ROLES)
    file = WatchedFile("CONSOLE_ROLES_FILE", path, read_role_file)

    path.write_text("people: {sam: [operate]}", "utf-8")
    assert set(file.content.people) == {"sam"}
    path.write_text("people: [", "utf-8")
    assert set(file.content.people) == {"sam"}
    path.unlink()
    assert set(file.content.people) == {"sam"}


def tokens(folder: Path) -> TokenSignIn:
    """A file with one token."""
    digest = sha256(SECRET.encode()).hexdigest()
    return TokenSignIn(written(folder, f"# who\n\ndeploy bot:view, operate:{digest}\n"))


def basic(name: str, password: str) -> dict[str, str]:
    """What a browser sends."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "own_proof"),
    [
        ({"Authorization": f"Bearer {SECRET}"}, True),
        ({"authorization": f"bearer  {SECRET}"}, True),
        (basic("deploy bot", SECRET), False),
    ],
    ids=["a script", "another spelling", "a browser"],
)
async def test_whoever_shows_a_token_is_whom_the_file_says(
    headers: dict[str, str],
    own_proof: bool,  # noqa: FBT001 - a parameter of the test
    tmp_path: Path,
) -> None:
    """As a bearer's or as a password; only the bearer's is a proof that no browser adds by itself."""
    sign_in = tokens(tmp_path)

    assert await sign_in.person(request(headers)) == Person("deploy bot", frozenset({Role.VIEW, Role.OPERATE}))
    assert sign_in.carries_own_proof(request(headers)) is own_proof


@pytest.mark.parametrize(
    "sent",
    [
        request(),
        request({"Authorization": f"Bearer {SECRET}x"}),
        request({"Authorization": "Bearer " + sha256(SECRET.encode()).hexdigest()}),
        request({"Authorization": f"Token {SECRET}"}),
        request(basic("somebody else", SECRET)),
        request({"Authorization": "Basic ?"}),
        request({"Authorization": f"Bearer {SECRET}"}, ("Authorization", "Bearer x")),
    ],
    ids=["nothing", "another", "what the file has", "another way", "another name", "nonsense", "twice"],
)
async def test_without_a_token_nobody_is_signed_in(sent: Request, tmp_path: Path) -> None:
    """What the file has is of no use to whoever reads it; a token is its owner's only."""
    with pytest.raises(NotSignedIn):
        await tokens(tmp_path).person(sent)


@pytest.mark.parametrize("line", ["robin", "robin:view", "robin:root:" + "0" * 64, "robin:view:" + "0" * 63, ":view:x"])
def test_a_line_that_is_no_token_is_refused_by_its_number(line: str, tmp_path: Path) -> None:
    """The message has the number of the line and nothing of it: it may be a token in plain text."""
    with pytest.raises(ConfigurationError, match="CONSOLE_TOKENS_FILE: line 2") as raised:
        read_tokens(written(tmp_path, f"# tokens\n{line}\n"))

    assert line not in str(raised.value)


@pytest.mark.parametrize("host", [None, "0.0.0.0", "::", "192.0.2.1", "console.example.com", ""])
def test_nobody_is_let_in_unasked_where_others_come(host: str | None) -> None:
    """Without a sign-in the console listens on a loopback address or not at all."""
    with pytest.raises(ConfigurationError, match="CONSOLE_AUTH=none"):
        LoopbackSignIn(host)


@pytest.mark.parametrize(
    ("host", "known"), [("127.0.0.1:8080", True), ("localhost", True), ("[::1]:1", True), ("evil.test", False)]
)
async def test_a_name_of_somebody_else_that_leads_here_is_refused(
    host: str,
    known: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A site whose own name resolves to 127.0.0.1 in a browser of this machine is not let in."""
    asked = LoopbackSignIn("127.0.0.1").person(request({"Host": host}))

    if known:
        assert (await asked).may(Role.DESTROY)
        return
    with pytest.raises(NotSignedIn):
        await asked


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "CONSOLE_AUTH is not set"),
        ({"console_auth": "none"}, "loopback"),
        ({"console_auth": "token"}, "CONSOLE_TOKENS_FILE"),
        ({"console_auth": "proxy"}, "CONSOLE_ROLES_FILE"),
        ({"console_auth": "proxy", "console_roles_file": "ROLES"}, "CONSOLE_JWKS_URL, or CONSOLE_PROXY_SECRET_FILE"),
        (
            {
                "console_auth": "proxy",
                "console_roles_file": "ROLES",
                "console_jwks_url": "https://i.test",
                "console_proxy_secret_file": "ROLES",
            },
            "one of them",
        ),
        (
            {"console_auth": "proxy", "console_roles_file": "ROLES", "console_jwks_url": "https://i.test"},
            "CONSOLE_ISSUER and CONSOLE_AUDIENCE",
        ),
    ],
    ids=["none chosen", "none beyond this machine", "no tokens", "no roles", "no proof", "two proofs", "for whom"],
)
async def test_settings_that_let_in_whoever_comes_are_refused(
    settings: dict[str, str], named: str, tmp_path: Path
) -> None:
    """The console does not start, and says what is missing."""
    roles = str(written(tmp_path, ROLES))
    chosen = {name: roles if value == "ROLES" else value for name, value in settings.items()}

    with pytest.raises(ConfigurationError, match=named):
        async with open_sign_in(Settings.load(**chosen)):
            pass
