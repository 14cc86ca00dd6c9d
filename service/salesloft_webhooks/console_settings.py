"""The settings of the console. Part of `Settings`."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field

from salesloft_webhooks.environment import Environment


class ConsoleAuth(StrEnum):
    """How the console knows who asks."""

    PROXY = "proxy"
    """A proxy in front of it has signed them in, and proves it."""
    TOKEN = "token"  # noqa: S105 - a way to sign in
    """They show a token that a file knows."""
    NONE = "none"
    """It does not, and lets everybody do everything: on a loopback address only."""


class ConsoleSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- Console ----------------------------------------------------------------------------------------------------
    console_port: int = Field(
        8080, ge=0, le=65_535, description="Where the console's pages are. Never the webhook's port or host name."
    )
    console_auth: ConsoleAuth | None = Field(
        None,
        description="How the console knows who asks: `proxy` (oauth2-proxy, IAP, Pomerium and the like sign people "
        "in), `token` (CONSOLE_TOKENS_FILE), or `none`, which lets everybody of this machine do everything and is "
        "refused unless HOST is a loopback address. Without it the console does not start.",
    )
    console_reveal: bool = Field(
        default=True,
        description="`off`: nobody sees personal data in the console, whatever their roles; the routes are not there.",
    )
    console_trace_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s{}]*\{trace_id\}[^\s{}]*$",
        description="Where a trace is looked at, with `{trace_id}` in it: attempts and deliveries become links.",
    )
    console_grafana_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/@?#]+([/?#]\S*)?$",
        description="Where the graphs are, such as a dashboard's address with its variables: the overview leads there.",
    )
    console_actions_per_minute: int = Field(
        60, ge=1, description="How many actions one person may do in a minute, in each console."
    )
    console_bulk_actions_per_minute: int = Field(
        6, ge=1, description="Of these, how many that concern many events at once: redrive all that match, replay."
    )
    console_roles_file: Path | None = Field(
        None,
        description="`proxy`: YAML file that gives roles to people and groups by their exact names; re-read on change. "
        "Roles are `view`, `reveal`, `operate` and `destroy`, and none includes another (docs/console.md).",
    )
    console_jwks_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="`proxy`: where the issuer publishes the keys of its tokens (JWKS). A request counts only with a "
        "token that one of them has signed.",
    )
    console_issuer: str | None = Field(None, description="`proxy`: what a token must name as its issuer (`iss`).")
    console_audience: str | None = Field(
        None, description="`proxy`: for whom a token must be (`aud`): the proxy's client id at the issuer."
    )
    console_token_header: str = Field(
        "Authorization",
        pattern=r"^[A-Za-z0-9-]+$",
        description="`proxy`: the header in which the token comes, for example `X-Goog-IAP-JWT-Assertion` or "
        "`X-Pomerium-Jwt-Assertion`.",
    )
    console_groups_claim: str = Field(
        "groups", description="`proxy`: where a token has the groups of a person, for example `roles`."
    )
    console_proxy_secret_file: Path | None = Field(
        None,
        description="`proxy`, where it hands on no token: file with a secret that it shows in the header "
        "`X-Console-Proxy-Secret`; names then come from CONSOLE_NAME_HEADER, groups from CONSOLE_GROUPS_HEADER. The "
        "proxy must set these itself, and drop what clients send in them. Re-read on change.",
    )
    console_name_header: str = Field(
        "X-Forwarded-Email",
        pattern=r"^[A-Za-z0-9-]+$",
        description="With CONSOLE_PROXY_SECRET_FILE: the one header that names who asks, for example "
        "`X-Forwarded-User`. No other one is looked at: what a proxy does not set, clients could.",
    )
    console_groups_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]+$",
        description="With CONSOLE_PROXY_SECRET_FILE: the header that has a person's groups, separated by commas, for "
        "example `X-Forwarded-Groups`. Name it only if the proxy sets it for everybody; without it nobody has groups.",
    )
    console_tokens_file: Path | None = Field(
        None, description="`token`: file of tokens, one a line: `name:role,role:sha256`; re-read on change."
    )
    console_run_rate: int = Field(
        500,
        ge=1,
        le=10_000,
        description="How many things a second bulk work (redrive, discard, replay, reprocess) deals with at the most, "
        "all of it together: what it gives to a group again, its handlers and their backends have to bear.",
    )
    console_subscriptions_file: Path | None = Field(
        None,
        description="File that declares what is wanted of SalesLoft (as for `subscriptions apply`): the console shows "
        "what SalesLoft has beside it. It asks SalesLoft only if it has credentials for its API.",
    )
