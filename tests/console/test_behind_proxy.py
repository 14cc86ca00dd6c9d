"""Signing in by a real oauth2-proxy at a real OpenID provider, and what reaches the console without them."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.console_process import ConsoleProcess
from tests.support.http_client import exchange, request
from tests.support.rules_and_dashboards import ROOT
from tests.support.servers import Server, free_port
from tests.support.waiting import wait_until

PROXY, PROVIDER = ROOT / ".tools/bin/oauth2-proxy", ROOT / ".tools/bin/oidc-provider"
PASSWORD = "an-invented-password"
CLIENT, CLIENT_SECRET = "web", "secret"
ROLES = "people: {robin: [view]}"

pytestmark = pytest.mark.skipif(
    not (PROXY.exists() and PROVIDER.exists()),
    reason="oauth2-proxy and the OpenID provider are not built (make tools): signing in through them is not tested",
)


@dataclass
class SignedInBy:
    """A console, the proxy in front of it, and the provider behind that."""

    console: ConsoleProcess
    proxy_port: int
    issuer: str

    @property
    def url(self) -> str:
        """Where people open it."""
        return f"http://127.0.0.1:{self.proxy_port}"


def _start(stack: ExitStack, command: list[str], environment: dict[str, str], port: int) -> None:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=os.environ | environment, stdout=quiet, stderr=quiet)
    stack.callback(process.wait)
    stack.callback(process.kill)

    def listens() -> bool:
        try:
            return exchange(port, request("GET", "/ping")).status > 0
        except (OSError, AssertionError):
            return False

    wait_until(listens, seconds=30, description=f"{Path(command[0]).name} answers")


@pytest.fixture
def behind(valkey: Server, tmp_path: Path) -> Iterator[SignedInBy]:
    """All three, for two people with one password, of whom one has a role."""
    provider_port, proxy_port = free_port(), free_port()
    issuer, callback = f"http://localhost:{provider_port}/", f"http://127.0.0.1:{proxy_port}/oauth2/callback"
    users, roles = tmp_path / "users.json", tmp_path / "roles.yaml"
    people = {name: {"ID": name, "Username": name, "Password": PASSWORD} for name in ("robin", "sam")}
    for name, each in people.items():
        each |= {"Email": f"{name}@example.com", "EmailVerified": True}  # type: ignore[dict-item]
    users.write_text(json.dumps(people), "utf-8")
    roles.write_text(ROLES, "utf-8")
    settings = {
        "CONSOLE_AUTH": "proxy",
        "CONSOLE_ROLES_FILE": str(roles),
        "CONSOLE_JWKS_URL": f"{issuer}keys",
        "CONSOLE_ISSUER": issuer,
        "CONSOLE_AUDIENCE": CLIENT,
    }
    with ExitStack() as stack:
        environment = {"PORT": str(provider_port), "USERS_FILE": str(users), "REDIRECT_URI": callback}
        _start(stack, [str(PROVIDER)], environment, provider_port)
        console = stack.enter_context(ConsoleProcess(valkey.url, settings))
        options = {
            "provider": "oidc",
            "oidc-issuer-url": issuer,
            "client-id": CLIENT,
            "client-secret": CLIENT_SECRET,
            "redirect-url": callback,
            "upstream": console.url,
            "http-address": f"127.0.0.1:{proxy_port}",
            "cookie-secret": "0123456789abcdef0123456789abcdef",
            "cookie-secure": "false",
            "email-domain": "*",
            "scope": "openid email profile",
            "pass-authorization-header": "true",
            "skip-provider-button": "true",
        }
        _start(stack, [str(PROXY), *(f"--{name}={value}" for name, value in options.items())], {}, proxy_port)
        yield SignedInBy(console, proxy_port, issuer)


def signed_in(browser: Browser, behind: SignedInBy, name: str) -> Page:
    """A window in which somebody opens a page of the console and signs in on the way."""
    page = browser.new_context(base_url=behind.url).new_page()
    page.goto("/audit?act=pause")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.get_by_role("button").click()
    return page


def test_somebody_signs_in_and_is_known_by_name(behind: SignedInBy, browser: Browser) -> None:
    """After the sign-in the page is there that was asked for; whoever has no role is told the name that was seen."""
    robin = signed_in(browser, behind, "robin")
    expect(robin).to_have_url(f"{behind.url}/audit?act=pause")
    expect(robin.get_by_role("heading", level=1)).to_have_text("Audit")
    expect(robin.locator(".person")).to_contain_text("robin")

    sam = signed_in(browser, behind, "sam")
    expect(sam.get_by_role("heading", level=1)).to_have_text("Not allowed")
    expect(sam.locator("main")).to_contain_text("signed in as sam: no role is given to this name")

    for page in (robin, sam):
        page.context.close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Forwarded-Email": "robin", "X-Forwarded-User": "robin", "X-Forwarded-Groups": "admin"},
        {"X-Auth-Request-User": "robin", "X-Console-Proxy-Secret": ""},
        {"Authorization": "Bearer e30.e30.e30"},
        {"Authorization": "Basic cm9iaW46cm9iaW4="},
    ],
    ids=["nothing", "the proxy's headers", "other headers", "a token of one's own", "a password"],
)
def test_whoever_passes_by_the_proxy_is_nobody(headers: dict[str, str], behind: SignedInBy) -> None:
    """Whoever reaches the console's own port can say what they like: without the provider's signature it is 401."""
    reply = behind.console.get("/audit", **headers)

    assert reply.status == 401
    assert b"Nobody is signed in" in reply.body
    assert behind.console.get("/api/v1/audit", **headers).status == 401


def test_a_token_through_the_proxy_is_the_proxys(behind: SignedInBy, browser: Browser) -> None:
    """What a client sends in the header of the token does not reach the console beside the proxy's own."""
    page = signed_in(browser, behind, "robin")
    expect(page.locator(".person")).to_contain_text("robin")

    answer = page.request.get("/audit", headers={"Authorization": "Bearer e30.e30.e30"})

    assert answer.status == 200
    assert "robin" in answer.text()
    page.context.close()
