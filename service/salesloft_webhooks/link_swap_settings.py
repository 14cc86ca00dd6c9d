"""The settings about `link_swap`: who says where a mail's links lead, and what happens when nobody does."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from salesloft_webhooks.environment import CommaList, Environment


class OnSwapFailure(StrEnum):
    """What SalesLoft is told when the links of a mail cannot be swapped."""

    IDENTITY = "identity"
    """200, each link for itself: the mail goes out as it was written."""
    EMPTY = "empty"
    """200 without any link."""
    ERROR = "error"
    """503: for those who must not send a mail with its own links."""


class LinkSwapSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- link_swap --------------------------------------------------------------------------------------------------
    link_swap_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/@?#]+(/[^\s#]*)?$",
        description="Answers SalesLoft's `link_swap`, which waits before it sends a mail: this endpoint is posted "
        '`{"type", "timestamp", "data"}` and answers `{"links": {"old": "new"}}`. Without it and `LINK_SWAP_HANDLER`, '
        "a `link_swap` is answered 400.",
    )
    link_swap_secret: SecretStr | None = Field(
        None,
        description="Signs what is posted there, by Standard Webhooks: `whsec_` and base64. "
        "Several separated by commas during a rotation, the new one first; every one signs.",
    )
    link_swap_secret_file: Path | None = Field(None, description="File with the same; read again when it changes.")
    link_swap_allow_private_addresses: bool = Field(
        default=False, description="Also post to private, loopback and link-local addresses, as inside a cluster."
    )
    link_swap_handler: str | None = Field(
        None,
        description="Instead of an endpoint: `package.module:swap`, an `async def` that takes a `LinkSwap` and returns "
        "a mapping. It runs between deliveries: what blocks in it holds them up.",
    )
    link_swap_timeout_seconds: float = Field(
        2.0,
        ge=0.1,
        le=10,
        description="From the request to its answer, in all. A person waits meanwhile for a mail to go out.",
    )
    link_swap_on_failure: OnSwapFailure = Field(
        OnSwapFailure.IDENTITY,
        description="Without an answer in time: `identity` (each link stays as it is), `empty`, or `error` (503).",
    )
    link_swap_allowed_hosts: CommaList = Field(
        (),
        description="Hosts that new links may lead to, separated by commas; `*.example.com` are those below it, `*` is "
        "any. Any other leaves its link unchanged. Needed wherever links are swapped.",
    )
    link_swap_concurrency: int = Field(
        50, ge=1, description="Asked for at once, by one receiver; more are answered as if there was no answer."
    )

    link_swap_events: bool = Field(
        default=False,
        description="Publish an event `link_swap.answered` after each answer, with numbers and no link; "
        "best effort: without the store there is none.",
    )

    @property
    def swaps_links(self) -> bool:
        """Whether a `link_swap` is answered at all."""
        return bool(self.link_swap_url or self.link_swap_handler)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.link_swap_url and self.link_swap_handler:
            raise ValueError("LINK_SWAP_URL and LINK_SWAP_HANDLER contradict each other; set only one")
        if self.link_swap_secret and self.link_swap_secret_file:
            raise ValueError("LINK_SWAP_SECRET and LINK_SWAP_SECRET_FILE contradict each other; set only one")
        if self.link_swap_url and not (self.link_swap_secret or self.link_swap_secret_file):
            raise ValueError("LINK_SWAP_URL needs LINK_SWAP_SECRET or LINK_SWAP_SECRET_FILE: what is posted is signed")
        if self.swaps_links and not self.link_swap_allowed_hosts:
            raise ValueError("LINK_SWAP_ALLOWED_HOSTS is needed: the hosts that links may lead to, or * for any")
        return self
