"""What a proxy says of somebody: believed with the provider's signature, or with our secret, and not otherwise."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request

from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import NotAllowed, NotSignedIn
from salesloft_webhooks.console.sign_in.identity_token import Expected
from salesloft_webhooks.console.sign_in.proxied import ProxySignIn, Roles, SecretSignIn
from salesloft_webhooks.console.sign_in.published_keys import AGAIN_SECONDS, PublishedKeys
from salesloft_webhooks.console.sign_in.role_file import read_role_file
from salesloft_webhooks.console.sign_in.watched_file import WatchedFile
from salesloft_webhooks.secret_file import SecretFile
from tests.unit.console.issuer import AUDIENCE, ISSUER, NOW, Issuer

HEADER = "X-Goog-IAP-JWT-Assertion"
ROBIN = Person("robin@example.com", frozenset({Role.VIEW, Role.OPERATE}))
SECRET = "a-long-and-random-secret"


def request(*headers: tuple[str, str]) -> Request:
    """A request with these headers."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


@pytest.fixture
def roles(tmp_path: Path) -> Roles:
    """Robin looks; whoever is in `ops` operates."""
    path = tmp_path / "roles.yaml"
    path.write_text("people: {robin@example.com: [view]}\ngroups: {ops: [operate]}\n", "utf-8")
    return WatchedFile("CONSOLE_ROLES_FILE", path, read_role_file)


class Published:
    """An issuer whose keys can be had, and the sign-in that believes them; with a clock."""

    def __init__(self, roles: Roles) -> None:
        self.issuer, self.now = Issuer(), 1_000.0
        answer = httpx2.MockTransport(lambda _: httpx2.Response(200, json=self.issuer.published()))
        self.client = httpx2.AsyncClient(transport=answer)
        keys = PublishedKeys(self.client, "https://issuer.test/keys", lambda: self.now)
        self.sign_in = ProxySignIn(keys, Expected(ISSUER, AUDIENCE, "groups"), HEADER, roles, lambda: NOW)

    def token(self) -> str:
        """Robin's, who is in `ops`."""
        return self.issuer.token(email="robin@example.com", email_verified=True, groups=["ops"])


@pytest.fixture
async def published(roles: Roles) -> AsyncIterator[Published]:
    """One that answers."""
    found = Published(roles)
    yield found
    await found.client.aclose()


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer  {}"])
async def test_a_token_in_its_header_signs_somebody_in(form: str, published: Published) -> None:
    """As it is, or as a bearer's; roles are those of the name and of the groups."""
    assert await published.sign_in.person(request((HEADER, form.format(published.token())))) == ROBIN
    assert not published.sign_in.carries_own_proof(request((HEADER, published.token())))


async def test_a_changed_key_is_followed(published: Published) -> None:
    """The first token of a new key is believed; one of the old key is not, once the issuer publishes it no more."""
    old = published.token()
    await published.sign_in.person(request((HEADER, old)))

    published.issuer = Issuer()
    published.now += AGAIN_SECONDS

    assert await published.sign_in.person(request((HEADER, published.token()))) == ROBIN
    with pytest.raises(NotSignedIn):
        await published.sign_in.person(request((HEADER, old)))


async def test_all_who_come_with_a_new_key_wait_for_it(roles: Roles) -> None:
    """While the keys are fetched, at the beginning and for a new one, nobody is sent away who comes meanwhile."""
    issuer = Issuer()

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0.05)
        return httpx2.Response(200, json=issuer.published())

    now = 1_000.0
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        keys = PublishedKeys(client, "https://issuer.test/keys", lambda: now)
        sign_in = ProxySignIn(keys, Expected(ISSUER, AUDIENCE, "groups"), HEADER, roles, lambda: NOW)
        for _ in range(2):
            token = issuer.token(email="robin@example.com", email_verified=True, groups=["ops"])
            first = asyncio.create_task(sign_in.person(request((HEADER, token))))
            await asyncio.sleep(0.01)  # it is being asked now

            assert await sign_in.person(request((HEADER, token))) == await first == ROBIN

            issuer = Issuer()
            now += AGAIN_SECONDS


async def test_two_tokens_are_none(published: Published) -> None:
    """One of them is not the proxy's, and nobody knows which; a token elsewhere is nobody's."""
    token = published.token()

    for headers in ([(HEADER, token), (HEADER, token)], [("Authorization", f"Bearer {token}")], []):
        with pytest.raises(NotSignedIn):
            await published.sign_in.person(request(*headers))


@pytest.fixture
def by_secret(roles: Roles, tmp_path: Path) -> SecretSignIn:
    """A sign-in that believes whoever shows the secret."""
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n", "utf-8")
    return SecretSignIn(SecretFile("CONSOLE_PROXY_SECRET_FILE", path), roles, "X-Forwarded-Email", "X-Forwarded-Groups")


SHOWN = ("X-Console-Proxy-Secret", SECRET)
NAMED = ("X-Forwarded-Email", "robin@example.com")
USER = ("X-Forwarded-User", "robin@example.com")


async def test_a_proxy_that_shows_the_secret_is_believed(by_secret: SecretSignIn) -> None:
    """The name is that of the header that is said, and no other's; groups are separated by commas."""
    groups = ("X-Forwarded-Groups", "sales, ops")

    assert await by_secret.person(request(SHOWN, NAMED, groups, ("X-Forwarded-User", "sam"))) == ROBIN
    with pytest.raises(NotAllowed) as raised:
        await by_secret.person(request(SHOWN, ("X-Forwarded-Email", "robin@example.com, sam")))
    assert raised.value.person.name == "robin@example.com, sam"
    assert not by_secret.carries_own_proof(request(SHOWN))


async def test_groups_count_where_it_is_said_which_header_has_them(roles: Roles, tmp_path: Path) -> None:
    """A proxy that knows no groups drops no header of them either: what a client says there counts for nothing."""
    path = tmp_path / "secret"
    path.write_text(SECRET, "utf-8")
    sign_in = SecretSignIn(SecretFile("CONSOLE_PROXY_SECRET_FILE", path), roles, "X-Forwarded-User", "")
    headers = (SHOWN, ("X-Forwarded-User", "robin@example.com"), ("X-Forwarded-Email", "sam"))

    person = await sign_in.person(request(*headers, ("X-Forwarded-Groups", "ops")))

    assert person == Person("robin@example.com", frozenset({Role.VIEW}))


@pytest.mark.parametrize(
    "headers",
    [
        [NAMED],
        [("X-Console-Proxy-Secret", ""), NAMED],
        [("X-Console-Proxy-Secret", SECRET + "x"), NAMED],
        [SHOWN, SHOWN, NAMED],
        [SHOWN],
        [SHOWN, NAMED, NAMED],
        [SHOWN, NAMED, NAMED, USER],
        [SHOWN, USER],
        [SHOWN, ("X-Forwarded-Email", " "), USER],
        [SHOWN, ("X_Forwarded_Email", "robin@example.com")],
        [("X_Console_Proxy_Secret", SECRET), NAMED],
        [("X-Console-Proxy-Secret", f"{SECRET}, {SECRET}"), NAMED],
    ],
    ids=[
        "no secret",
        "an empty one",
        "another",
        "twice",
        "no name",
        "two names",
        "two names and a user",
        "a user only",
        "an empty name and a user",
        "a name with underscores",
        "a secret with underscores",
        "a list of secrets",
    ],
)
async def test_without_the_secret_a_name_is_only_a_word(
    headers: list[tuple[str, str]], by_secret: SecretSignIn
) -> None:
    """Whoever reaches the port can say any name; what stands there twice is not believed either."""
    with pytest.raises(NotSignedIn) as raised:
        await by_secret.person(request(*headers))

    assert SECRET not in str(raised.value)
