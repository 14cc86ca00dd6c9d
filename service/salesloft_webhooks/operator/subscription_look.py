"""One look at SalesLoft for one object: its Secrets, who accepts its keys, SalesLoft's list, and the plan.

Whatever is missing on the way ends the look as `Blocked`, before anything is changed: subscriptions stay as they are.
"""

from collections.abc import Callable, Collection, Mapping

from msgspec import Struct
from msgspec.structs import replace

from salesloft_webhooks.broker.announced_keys import AnnouncedKeys
from salesloft_webhooks.dialects import key_kinds
from salesloft_webhooks.dialects.key_texts import key_problem, split_keys
from salesloft_webhooks.errors import ClusterForbidden, ConfigurationError, SalesloftWebhooksError, StoreError
from salesloft_webhooks.operator.api_group import CONFIRM_TENANT
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.objects import SecretObject, SubscriptionObject
from salesloft_webhooks.operator.salesloft_access import SalesloftAccess
from salesloft_webhooks.operator.specification import SecretReference, Specification
from salesloft_webhooks.operator.subscription_status import read_status
from salesloft_webhooks.operator.times import steady_clock
from salesloft_webhooks.salesloft import Salesloft
from salesloft_webhooks.subscriptions import Hands, MasterKey, Memory, Round, Seen, SigningKey, reconcile, remove
from salesloft_webhooks.subscriptions.signing_keys import MASTER_KEYS

READY, CREDENTIALS_VALID, KEYS_SPREAD = "Ready", "CredentialsValid", "KeysSpread"
_KIND = next(kind for kind in key_kinds() if kind.name == MASTER_KEYS)


class Blocked(SalesloftWebhooksError):
    """Somebody has to do something first.

    Attributes:
        about: The condition that is false.
        reason: Why, in one word.
    """

    def __init__(self, about: str, reason: str, message: str) -> None:
        super().__init__(message)
        self.about, self.reason = about, reason


class Surroundings(Struct, frozen=True):
    """What a look needs of an object's Secrets.

    Attributes:
        salesloft: The API, logged in.
        keys: Those that sign, at least one; the first is to be used.
        versions: Of the Secrets: other ones when somebody has changed something.
        kept: The Secret with the keys.
    """

    salesloft: Salesloft
    keys: tuple[SigningKey, ...]
    versions: tuple[str, ...]
    kept: SecretObject


class Look(Struct, frozen=True):
    """What was found, and is to be done; nothing of it is done yet.

    Attributes:
        round: The list and the plan.
        hands: Who carries it out.
        at: When SalesLoft was asked, by the hands' clock.
        now: The same in Unix time.
        tenant_id: The team whose list it is; None if it does not say.
        receivers: The fingerprints that each live receiver accepts; None: nobody can tell.
    """

    round: Round
    hands: Hands
    at: float
    now: float
    tenant_id: int | None
    receivers: Mapping[str, frozenset[str]] | None


class Looking:
    """Makes looks.

    Args:
        cluster: Where Secrets are.
        access: How SalesLoft is reached.
        announced: Which keys receivers accept.
        may_act: Whether this process may change anything, now.
        addresses: Where credentials may be sent.
        clock: Unix time; by default one that nobody can set.
    """

    def __init__(
        self,
        cluster: Cluster,
        access: SalesloftAccess,
        announced: AnnouncedKeys,
        may_act: Callable[[], bool],
        addresses: Collection[str],
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._cluster, self._access, self._announced = cluster, access, announced
        self._may_act, self._addresses, self._clock = may_act, frozenset(addresses), clock or steady_clock()
        self._receivers: dict[str, Mapping[str, frozenset[str]]] = {}
        self._last: dict[str, Surroundings] = {}

    async def surroundings(self, of: SubscriptionObject, wanted: Specification) -> Surroundings:
        """What is in the object's Secrets.

        Raises:
            Blocked: one is missing, or not what it should be.
            ClusterError: they cannot be read.
        """
        if foreign := [url for url in wanted.api.addresses if url not in self._addresses]:
            words = f"credentials are not sent to {foreign[0]}: OPERATOR_API_URLS does not name it"
            raise Blocked(CREDENTIALS_VALID, "ApiNotAllowed", words)
        login = await self._secret(wanted.api.secret, CREDENTIALS_VALID)
        kept = await self._secret(wanted.keys.secret_ref, KEYS_SPREAD)
        keys = _keys(kept, wanted.keys.secret_ref)
        try:
            salesloft = await self._access.of(of.metadata.uid, wanted.api, login.data[wanted.api.secret.key])
        except ConfigurationError:
            where = _where(wanted.api.secret)
            raise Blocked(CREDENTIALS_VALID, "SecretUnusable", f"{where} is no token or secret of SalesLoft") from None
        versions = (login.metadata.resource_version, kept.metadata.resource_version)
        self._last[of.metadata.uid] = Surroundings(salesloft, keys, versions, kept)
        return self._last[of.metadata.uid]

    async def look(
        self, of: SubscriptionObject, wanted: Specification, around: Surroundings, memory: Memory, tenant: int | None
    ) -> Look:
        """Ask SalesLoft, and plan. An error of SalesLoft's is part of the round.

        Raises:
            Blocked: the list is another team's than ``tenant``, and nobody has confirmed that.
        """
        hands = Hands(around.salesloft.subscriptions, may_go_on=self._may_act)
        desired, source = wanted.declaration.desired, wanted.declaration.source
        at, now = hands.clock(), self._clock()
        receivers = await self._who_accepts(source)
        seen = Seen(now=now, receivers=receivers)
        found = await reconcile(desired, around.keys, seen, not_later(memory, now), hands, dry=True)
        theirs = _tenant_of(of, found, tenant)
        return Look(found, hands, at, now, theirs, receivers)

    async def remove(self, of: SubscriptionObject, wanted: Specification) -> Round:
        """Delete all of ours, with what is in the object's Secrets or was in them when last looked.

        Raises:
            Blocked: one is missing, or not what it should be, and was so ever since this process has begun; or the
                list is of another team than the object's, and nobody has confirmed that.
            ClusterError: they cannot be read.
        """
        try:
            around = await self.surroundings(of, wanted)
        except Blocked:
            if (last := self._last.get(of.metadata.uid)) is None:
                raise
            around = last
        hands = Hands(around.salesloft.subscriptions, may_go_on=self._may_act)
        desired, at = wanted.declaration.desired, hands.clock()
        found = await remove(desired, around.keys, hands, dry=True)
        _tenant_of(of, found, read_status(of.status).tenant_id)
        outcome = await hands.carry_out(found.plan.steps, desired, around.keys, at)
        failed = outcome.failures[0].error if outcome.failures else found.error
        return replace(found, outcome=outcome, error=failed)

    async def keep(self, uids: Collection[str]) -> None:
        """Forget what belongs to no object of these any more, and close its way to SalesLoft."""
        await self._access.keep(uids)
        self._last = {uid: around for uid, around in self._last.items() if uid in uids}

    async def _secret(self, reference: SecretReference, about: str) -> SecretObject:
        try:
            found = await self._cluster.secret(reference.name)
        except ClusterForbidden:
            raise forbidden(about, reference.name) from None
        if found is None:
            raise Blocked(about, "SecretMissing", f"there is no Secret {reference.name}")
        if not found.data.get(reference.key):
            raise Blocked(about, "SecretMissing", f"{_where(reference)} is missing or empty")
        return found

    async def _who_accepts(self, source: str) -> Mapping[str, frozenset[str]] | None:
        """By receiver. While the store is away, what it said last: a receiver that lacked a key may lack it still."""
        try:
            self._receivers[source] = await self._announced.of_source(source)
        except StoreError:
            return self._receivers.get(source)
        return self._receivers[source]


def forbidden(about: str, secret: str) -> Blocked:
    """What is said when Kubernetes does not let us at a Secret."""
    words = f"the operator has no right to Secret {secret}: operator.secretNames of the chart, and for keys that it "
    return Blocked(about, "SecretForbidden", f"{words}makes operator.managedSecretNames, name those it may use")


def not_later(memory: Memory, now: float) -> Memory:
    """What is remembered, with nothing that has yet to come: the last leader's clock may have been ahead."""
    complete = None if memory.complete_since is None else min(memory.complete_since, now)
    return replace(memory, key_since=min(memory.key_since, now), complete_since=complete)


def _keys(secret: SecretObject, reference: SecretReference) -> tuple[SigningKey, ...]:
    values = split_keys(secret.data[reference.key])
    if not values:
        raise Blocked(KEYS_SPREAD, "SecretUnusable", f"{_where(reference)} has no key")
    if problem := key_problem(values, _KIND):
        raise Blocked(KEYS_SPREAD, "SecretUnusable", f"{_where(reference)} {problem}")
    return tuple(MasterKey(value) for value in values)


def _where(reference: SecretReference) -> str:
    return f"entry {reference.key} of Secret {reference.name}"


def _tenant_of(of: SubscriptionObject, found: Round, tenant: int | None) -> int | None:
    """The team whose list was found; None if it does not say, or says several.

    Raises:
        Blocked: it is another one than ``tenant``, and nobody has confirmed that.
    """
    teams = {each.tenant_id for each in found.found or ()} - {None}
    theirs = teams.pop() if len(teams) == 1 else None
    confirmed = of.metadata.annotations.get(CONFIRM_TENANT) == str(theirs)
    if theirs is not None and tenant not in (None, theirs) and not confirmed:
        message = (
            f"the credentials are of team {theirs}, the subscriptions are of team {tenant}: "
            f"annotate the object with {CONFIRM_TENANT}={theirs} if that is meant"
        )
        raise Blocked(CREDENTIALS_VALID, "TenantChanged", message)
    return theirs
