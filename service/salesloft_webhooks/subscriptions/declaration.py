"""What is wanted of one SalesLoft team, as it is declared: the ``spec`` of a SalesloftSubscription.

The same file serves the command and, as an object, the operator in Kubernetes; a test holds its fields against those of
the chart's definition. What only the operator needs (how to log in, where the keys are, when they change) is allowed in
it and read by nobody here.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from salesloft_webhooks.configuration_files import load_file
from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.subscriptions.steps import LINK_SWAP, Desired, Existing

MOST_EVENTS = 64
LONGEST_URL = 2048
SWAP_PATH = "/link-swap"
"""Where, below the callback URL's path, link swaps are answered unless it is said otherwise: as the chart has it."""
_URL = r"^(https://[^/?#@\s]+|http://(localhost|127\.0\.0\.1)(:[0-9]+)?)([/?][^#\s]*)?$"
"""With a host, without a user and without a fragment. In the clear only on this machine, where a simulator is."""


class DeletionPolicy(StrEnum):
    """What becomes of our subscriptions when nobody declares them any more."""

    DELETE = "Delete"
    """They are deleted."""
    RETAIN = "Retain"
    """They stay."""


class Declaration(Struct, frozen=True, kw_only=True):
    """What is declared.

    Attributes:
        desired: What the plan works towards.
        source: The receivers' source that takes the deliveries; its keys sign them.
        deletion_policy: What becomes of ours in the end.
    """

    desired: Desired
    source: str
    deletion_policy: DeletionPolicy


def _known(events: list[str]) -> list[str]:
    if len(set(events)) != len(events):
        raise ValueError("names an event type twice")
    if LINK_SWAP in events:
        raise ValueError("link_swap is no event that can be queued: linkSwap.enabled subscribes to it")
    if not set(events) <= DOTTED.keys():
        raise ValueError("has a name that is none of SalesLoft's event types, such as person_updated")
    return events


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _LinkSwap(_Strict):
    enabled: bool = False
    callback_url: str | None = Field(default=None, alias="callbackUrl", pattern=_URL, max_length=LONGEST_URL)


class Spec(_Strict):
    """As it is written."""

    source: str = Field(default="default", min_length=1, max_length=63)
    callback_url: str = Field(alias="callbackUrl", pattern=_URL, max_length=LONGEST_URL)
    events: Annotated[list[str], Field(min_length=1, max_length=MOST_EVENTS), AfterValidator(_known)]
    existing: Existing = Existing.REPORT
    deletion_policy: DeletionPolicy = Field(default=DeletionPolicy.DELETE, alias="deletionPolicy")
    suspend: bool = False
    link_swap: _LinkSwap = Field(default_factory=_LinkSwap, alias="linkSwap")
    # The operator's alone.
    api: dict[str, Any] | None = None
    keys: dict[str, Any] | None = None
    rotation: dict[str, Any] | None = None


class _Object(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)  # apiVersion and metadata say nothing here

    kind: Literal["SalesloftSubscription"] = "SalesloftSubscription"
    spec: Spec


def load_declaration(setting: str, path: Path) -> Declaration:
    """Read a YAML or JSON file that has a ``spec``.

    Args:
        setting: What names the file, for messages.
        path: The file.

    Raises:
        ConfigurationError: it cannot be read, or something in it is missing, wrong or unknown.
    """
    return declared(load_file(setting, path, _Object).spec)


def declared(spec: Spec) -> Declaration:
    """What a spec asks for."""
    desired = Desired(
        callback_url=spec.callback_url,
        events=frozenset(spec.events),
        link_swap_url=spec.link_swap.callback_url or _swap_url(spec.callback_url),
        swaps_links=spec.link_swap.enabled,
        existing=spec.existing,
        suspend=spec.suspend,
    )
    return Declaration(desired=desired, source=spec.source, deletion_policy=spec.deletion_policy)


def _swap_url(callback_url: str) -> str:
    """Below the same path, with the same query."""
    address, mark, query = callback_url.partition("?")
    return f"{address.rstrip('/')}{SWAP_PATH}{mark}{query}"
