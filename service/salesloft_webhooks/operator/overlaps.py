"""Objects that declare the same address at the same team: only the first of them is carried out.

Each would take what the others have made for its own and unwanted, and delete it. So the later ones wait, and when
one of them is deleted nothing goes at SalesLoft, for it is declared still. That is also how an object gets another name
without a gap: the new one waits until the old one is deleted, and then takes over what is there.
"""

from collections.abc import Iterable, Iterator

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.operator.specification import Specification, read_specification
from salesloft_webhooks.operator.subscription_look import READY, Blocked
from salesloft_webhooks.operator.subscription_status import read_status


class Overlaps:
    """What the objects of one list have in common.

    Args:
        objects: All of them.
    """

    def __init__(self, objects: Iterable[SubscriptionObject] = ()) -> None:
        self._there = [(each, wanted) for each in objects for wanted in _read(each)]

    def check(self, each: SubscriptionObject, wanted: Specification, tenant: int | None) -> None:
        """Whether an object is the one that is carried out.

        Args:
            each: The object.
            wanted: What it declares.
            tenant: Its team; None if that is unknown.

        Raises:
            Blocked: another one that stays declares the same and was there first.
        """
        others = [other for other in self._others(each, wanted, tenant) if _rank(other) < _rank(each)]
        if others:
            name = min(others, key=_rank).metadata.name
            raise Blocked(READY, "AddressTaken", f"{name} declares the same address, and was there first")

    def another(self, each: SubscriptionObject, wanted: Specification) -> str | None:
        """The name of any other object that stays and declares the same; None: there is none."""
        others = self._others(each, wanted, read_status(each.status).tenant_id)
        return others[0].metadata.name if others else None

    def _others(self, each: SubscriptionObject, wanted: Specification, tenant: int | None) -> list[SubscriptionObject]:
        return [
            other
            for other, theirs in self._there
            if other.metadata.uid != each.metadata.uid
            and other.metadata.deletion_timestamp is None
            and _addresses(theirs) & _addresses(wanted)
            and (theirs.api == wanted.api or tenant in (None, read_status(other.status).tenant_id))
        ]


NOTHING_ELSE = Overlaps()


def _rank(each: SubscriptionObject) -> tuple[bool, str, str]:
    """Who has had everything once comes first; then the older one."""
    waits = not read_status(each.status).established
    return waits, each.metadata.creation_timestamp, each.metadata.uid


def _addresses(wanted: Specification) -> set[str | None]:
    desired = wanted.declaration.desired
    return {desired.callback_url, *(route.url for route in desired.routes)}


def _read(each: SubscriptionObject) -> Iterator[Specification]:
    try:
        yield read_specification(each.spec)
    except ConfigurationError:
        return  # it is not carried out at all
