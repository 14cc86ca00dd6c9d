"""Objects whose keys are in one Secret: as long as one of them needs a key, none takes it away.

Several may name the Secret of one: two addresses of a source while the one follows the other, two teams that send to
the same receivers, an object that gets another name. One of them makes and changes the keys, and its end must not take
them along, nor its rotation a key that signs what another one has at SalesLoft.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.operator.specification import Keys, KeysMode, keys_of
from salesloft_webhooks.operator.subscription_status import read_status
from salesloft_webhooks.subscriptions import Phase, Round, SigningKey


class SharedKeys:
    """What the objects of one list have in common.

    Args:
        objects: All of them.
    """

    def __init__(self, objects: Iterable[SubscriptionObject] = ()) -> None:
        self._there = [(each, keys) for each in objects if (keys := keys_of(each.spec)) is not None]

    def heir(self, of: SubscriptionObject, keys: Keys, *, at_last: bool = False) -> SubscriptionObject | None:
        """Whose the Secret is to be when its object goes; None: no other one names it.

        Args:
            of: The object that goes.
            keys: Where its keys are.
            at_last: Whether it goes right now. Then one that is being deleted as well, and still has something at
                SalesLoft, is better than none; before, two of them would hand the Secret to and fro.
        """
        there = self._others(of, keys)
        others = [other for other in there if at_last or other[0].metadata.deletion_timestamp is None]
        return min(others, key=lambda other: _rank(other[0], other[1], keys))[0] if others else None

    def behind(self, of: SubscriptionObject, keys: Keys, older: Collection[str]) -> list[str]:
        """Names of other objects that still have something at SalesLoft which one of these keys has signed.

        By their statuses: one whose SalesLoft cannot be asked has what it had. One that is being deleted counts, too,
        until it is gone.

        Args:
            of: Who wants to take keys away.
            keys: Where they are.
            older: Their fingerprints.
        """
        return [
            each.metadata.name
            for each, theirs in self._others(of, keys)
            if theirs.secret_ref == keys.secret_ref
            and any(entry.key in older for entry in read_status(each.status).subscriptions or ())
        ]

    def _others(self, of: SubscriptionObject, keys: Keys) -> Iterator[tuple[SubscriptionObject, Keys]]:
        for each, theirs in self._there:
            if each.metadata.uid != of.metadata.uid and theirs.secret_ref.name == keys.secret_ref.name:
                yield each, theirs


ALONE = SharedKeys()


def elsewhere(older: Sequence[SigningKey], made: Round) -> list[str]:
    """What keys have signed that no object declares, once they sign nothing of the object's own; for people.

    Such as what an object has left there (`deletionPolicy: Retain`), or a command has made with the same keys.

    Args:
        older: The keys.
        made: What SalesLoft has shown.
    """
    ids = made.signed_with(older) if made.plan.phase is Phase.RETIRING else []
    return [f"other addresses ({', '.join(map(str, ids))})"] if ids else []


def _rank(each: SubscriptionObject, theirs: Keys, keys: Keys) -> tuple[bool, bool, str]:
    """One that stays comes first, then one that can change the keys, then the older one."""
    about = each.metadata
    return about.deletion_timestamp is not None, not manages(theirs, keys), about.creation_timestamp


def manages(theirs: Keys | None, keys: Keys) -> bool:
    """Whether another object can change the keys that are here: it declares the same entry, and that we write it."""
    return theirs is not None and theirs.mode is KeysMode.MANAGE and theirs.secret_ref == keys.secret_ref
