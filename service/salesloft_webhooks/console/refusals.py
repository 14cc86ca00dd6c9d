"""Why a request is not answered as it was meant; each becomes a page of its own (`problems`)."""

from collections.abc import Collection

from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.errors import SalesloftWebhooksError


class RequestRefused(SalesloftWebhooksError):
    """Root of them. The message is for whoever has asked."""


class FormRefused(RequestRefused):
    """What was posted is not what the form asks for."""


class NotFound(RequestRefused):
    """There is no such thing, or it is not there any more."""


class NotSignedIn(RequestRefused):
    """It is not proven who asks."""


class OtherSite(RequestRefused):
    """The request comes from a page that is not ours."""


class TooOften(RequestRefused):
    """One person has done as much as they may for now.

    Attributes:
        repeated: Whether they were told so before, and have done nothing since.
    """

    def __init__(self, message: str, *, repeated: bool) -> None:
        super().__init__(message)
        self.repeated = repeated


class Unaudited(RequestRefused):
    """What may only be shown when the audit has it could not be written there."""


class TooMany(RequestRefused):
    """There are as many of these as there may be. Later is better."""


class NotAllowed(RequestRefused):
    """Somebody is known, and may not do this.

    Attributes:
        person: Who.
    """

    def __init__(self, person: Person, needs: Role | None, groups: Collection[str] = ()) -> None:
        also = f" or to its groups ({', '.join(sorted(groups))})" if groups else ""
        super().__init__(f"that needs the role {needs}" if needs else f"no role is given to this name{also}")
        self.person = person
