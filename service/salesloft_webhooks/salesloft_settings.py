"""The settings about SalesLoft's API: where it is, and how to log in to it. Part of `Settings`."""

from pathlib import Path

from pydantic import Field, SecretStr

from salesloft_webhooks.environment import Environment

_URL = r"^https?://[^\s/@?#]+(/[^\s?#]*)?$"


class SalesloftSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- SalesLoft's API --------------------------------------------------------------------------------------------
    salesloft_api_url: str = Field(
        "https://api.salesloft.com/v2", pattern=_URL, description="Where SalesLoft's API is, with its version."
    )
    salesloft_api_token: SecretStr | None = Field(
        None, description="API key or access token. Refresh tokens are not taken: they are revoked by their use."
    )
    salesloft_api_token_file: Path | None = Field(
        None, description="File with the same, re-read on change: for a token that something else renews."
    )
    salesloft_client_id: str | None = Field(
        None, description="Client id of a private app, which gets its access tokens itself (client credentials)."
    )
    salesloft_client_secret: SecretStr | None = Field(None, description="Its client secret.")
    salesloft_client_secret_file: Path | None = Field(None, description="File with the same, re-read on change.")
    salesloft_token_url: str = Field(
        "https://accounts.salesloft.com/oauth/token",
        pattern=_URL,
        description="Where a private app gets its access tokens.",
    )
