"""The newest version of a thing that a group has brought to a system outside, which itself cannot compare.

A zset of one member per thing (``g:<group>:version:<subject>``): ZADD GT makes the raise atomic without a script. It
is forgotten after 90 days without a change, like the levels that dialects remember.
"""

from salesloft_webhooks.broker.connection.store import Store, translated
from salesloft_webhooks.broker.layout import partition_of

KEPT_SECONDS = 90 * 86_400
_MEMBER = "version"


class Versions:
    """The versions one group has applied, by subject (``person:17``). A version is a whole number below 2**53."""

    def __init__(self, store: Store, group: str) -> None:
        self._store = store
        self._group = group

    def _key(self, subject: str) -> str:
        return self._store.keys.version(partition_of(subject, self._store.first_partitions), self._group, subject)

    async def newest(self, subject: str) -> int:
        """The newest version applied; 0 for a subject never seen.

        Raises:
            StoreUnavailable: Redis is.
        """
        with translated():
            return int(await self._store.client.zscore(self._key(subject), _MEMBER) or 0)

    async def applied(self, subject: str, version: int) -> None:
        """Remember that ``version`` was applied, unless a newer one was.

        Raises:
            StoreUnavailable: Redis is; the version may or may not be remembered.
        """
        with translated():
            await self._store.client.zadd(self._key(subject), {_MEMBER: version}, gt=True)
            await self._store.client.expire(self._key(subject), KEPT_SECONDS)
