"""The settings of the operator. Part of `Settings`."""

from pathlib import Path

from pydantic import Field

from salesloft_webhooks.environment import CommaList, Environment


class OperatorSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- Operator ---------------------------------------------------------------------------------------------------
    operator_namespace: str | None = Field(
        None, description="The namespace whose objects the operator looks after; default: its pod's own."
    )
    operator_resync_seconds: float = Field(
        60.0,
        gt=0,
        description="How often everything is looked at again, also if nobody has changed anything: what somebody "
        "changes at SalesLoft is found then.",
    )
    operator_lease_name: str = Field(
        "salesloft-webhooks-operator",
        pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        max_length=253,
        description="The lease that several operators of an installation share: one of them works.",
    )
    operator_deletion_seconds: float = Field(
        600.0,
        ge=0,
        description="How long an object that is deleted waits for its subscriptions to be deleted at SalesLoft. Then "
        "it goes all the same, and an event says what is left: a namespace must not hang on us.",
    )
    operator_api_urls: CommaList = Field(
        ("https://api.salesloft.com/v2", "https://accounts.salesloft.com/oauth/token"),
        description="Addresses to which credentials may be sent. Whoever may declare a subscription names the API's "
        "address in it, and must not have the operator carry a Secret to an address of their own.",
    )
    kubeconfig: Path | None = Field(
        None, description="How to reach Kubernetes, as for `kubectl`; default: as the pod's service account may."
    )
