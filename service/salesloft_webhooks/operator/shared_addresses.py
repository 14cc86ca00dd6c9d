"""Objects that share an address: each sees its own part of what is there, and none deletes what another one declares.

A token says whose a subscription is, not which object wants it. So what another object declares is taken out of the
list before anything is planned. Whatever two declare alike both look after; it goes with the last of them.
"""

from collections.abc import Callable, Iterable

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.operator.specification import Specification, read_specification
from salesloft_webhooks.operator.subscription_status import read_status
from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions import Registry, Route

Routes = frozenset[Route]


class Without:
    """SalesLoft's subscriptions without those of some routes.

    Args:
        registry: All of them.
        routes: Somebody else's.
    """

    def __init__(self, registry: Registry, routes: Routes) -> None:
        self._registry, self._routes = registry, routes
        self.create, self.enable, self.delete = registry.create, registry.enable, registry.delete

    async def all(self) -> list[Subscription]:
        """See `Registry`."""
        found = await self._registry.all()
        return [each for each in found if Route(each.event_type, each.callback_url) not in self._routes]


def others_alone(of: SubscriptionObject, wanted: Specification, objects: Iterable[SubscriptionObject]) -> Routes:
    """What others declare and this object does not; of objects that may be of another team, too.

    Args:
        of: The object.
        wanted: What it declares.
        objects: All there are.
    """
    return _routes(of, objects, lambda _: True) - wanted.declaration.desired.routes


def left_to_others(of: SubscriptionObject, wanted: Specification, objects: Iterable[SubscriptionObject]) -> Routes:
    """What others of the same team declare, whether this object does or not: its end leaves that to them."""
    return _routes(of, objects, lambda other: other.api == wanted.api)


def _routes(
    of: SubscriptionObject, objects: Iterable[SubscriptionObject], same_team: Callable[[Specification], bool]
) -> Routes:
    """What others declare, where their team is the same; `same_team` judges where that is unknown."""
    routes: set[Route] = set()
    team = read_status(of.status).tenant_id
    for each in objects:
        if each.metadata.uid == of.metadata.uid or each.metadata.deletion_timestamp is not None:
            continue
        try:
            other = read_specification(each.spec)
        except ConfigurationError:
            continue
        theirs = read_status(each.status).tenant_id
        if team == theirs if None not in (team, theirs) else same_team(other):
            routes |= other.declaration.desired.routes
    return frozenset(routes)
