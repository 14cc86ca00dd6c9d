"""The names of all keys, in one place.

Every key of a partition carries the hash tag ``{p}``, so that one partition lives in one slot of a Redis Cluster and
the scripts may touch all of its keys. They build names from the stream's name in the same way; a test compares the two.
"""

from salesloft_webhooks.broker.run_keys import RunKeys

PARKED_SCORE = 9_007_199_254_740_991
"""The due time of an entry that waits behind its lane's head: 2**53 - 1, the largest exact integer of Lua and zsets."""
UNHANDLED_SCORE = PARKED_SCORE - 1
"""The due time of an entry that the group wants and that waits for a worker with a handler for its type."""
NOBODY = "-"
"""The pseudo consumer that owns pending entries nobody runs: scheduled retries and parked entries."""


class Keys(RunKeys, frozen=True):
    """Key names under one prefix (setting ``REDIS_KEY_PREFIX``)."""

    def events(self, partition: int) -> str:
        """The stream of one partition."""
        return f"{self.prefix}:{{{partition}}}:events"

    def record(self, partition: int, event_id: str) -> str:
        """The full idempotency record of an event: hash with ``entry``, ``dups``, ``token:`` and fields per group."""
        return f"{self.prefix}:{{{partition}}}:event:{event_id}"

    def record_windows(self, partition: int) -> str:
        """The spans of time whose events have compact records: hash of their start by buckets, records and end."""
        return f"{self.prefix}:{{{partition}}}:ids"

    def record_bucket(self, partition: int, start: int, bucket: int) -> str:
        """Compact idempotency records of events of one span of time: hash of values by digests of ids."""
        return f"{self.prefix}:{{{partition}}}:ids:{start}:{bucket}"

    def group_numbers(self, partition: int) -> str:
        """The number that stands for each group in compact records, for ever: hash by group."""
        return f"{self.prefix}:{{{partition}}}:numbers"

    def mark(self, partition: int, subject: str) -> str:
        """The highest levels seen of a subject: hash by watermark name."""
        return f"{self.prefix}:{{{partition}}}:mark:{subject}"

    def reservation(self, slot: int, event_id: str) -> str:
        """The reservation of an event id: the number of the partition that knows it. Several partitions only."""
        # After a raise with ``@`` and that of all behind it. The slot follows from the id or its watermark's subject.
        return f"{self.prefix}:{{{slot}}}:reserved:{event_id}"

    def due(self, partition: int, group: str) -> str:
        """When each pending entry must be looked at: zset of ``<entry id>[ <lane>]`` by server ms."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:due"

    def lane(self, partition: int, group: str, entity_key: str) -> str:
        """The entries of one entity in arrival order: list, its head is the one that may run."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:lane:{entity_key}"

    def dead(self, partition: int, group: str) -> str:
        """The stream of entries a group gave up on."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:dead"

    def pause(self, partition: int, group: str) -> str:
        """Exists while the group takes nothing; who paused it: ``manual``, ``breaker`` or ``declared``, and why."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:pause"

    def once(self, partition: int, group: str, name: str) -> str:
        """The right to do something once: hash with ``state`` and ``at``."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:claim:{name}"

    def rate_limit(self, partition: int, group: str, name: str) -> str:
        """How many permits were granted in the latest minute: hash with ``minute`` and ``count``."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:pace:{name}"

    def bundle(self, partition: int, group: str, name: str, part: str) -> str:
        """Messages to somebody of several events: ``waiting``, ``open`` or ``reported``; laid out in the script."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:bundle:{name}:{part}"

    def version(self, partition: int, group: str, subject: str) -> str:
        """The newest version of a subject brought to a system outside: zset of one member."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:version:{subject}"

    def adoption(self, partition: int, group: str, subject: str) -> str:
        """Who is being given a CRM's record that was nobody's: until when, a person's id, whether another waits."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:adoption:{subject}"

    def seen(self, partition: int, group: str) -> str:
        """When each consumer last asked for work: zset of names by server ms, exact to a few seconds."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:seen"

    def workers(self, partition: int, group: str) -> str:
        """The workers that share out the partitions: zset of names by server ms, in partition 0; it ends by itself."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:workers"

    def filters(self, partition: int, group: str) -> str:
        """The versions of a group's filter in force: zset of them by the last heartbeat of a worker, server ms."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:filters"

    def unhandled(self, partition: int, group: str) -> str:
        """Event types of which entries wait for a handler: set; ``<key>:<type>`` is a zset of them by server ms."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:unhandled"

    def isolated(self, partition: int, group: str) -> str:
        """Entries that lost several leases in a row and wait to be run apart: zset of members like those of `due`."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:isolated"

    def attempts(self, partition: int, group: str) -> str:
        """What is known of pending entries' attempts: hash of ``<entry id>:lost`` and ``<entry id>:error``."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:attempts"

    def last_take(self, partition: int, group: str) -> str:
        """What each consumer's last take has leased, to repeat it: hash by consumer."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:last_take"

    def last_settle(self, partition: int, group: str, consumer: str) -> str:
        """What a consumer's last settle has handed over, to repeat it: words, kept for the length of a lease."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:last_settle:{consumer}"

    def formats(self, partition: int, group: str) -> str:
        """The newest format of the store that each consumer reads: hash by consumer."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:formats"

    def clock(self, partition: int, group: str) -> str:
        """Hash: ``called``, ``reporting_until``, ``lost``, ``offset``, ``run``, ``limits``, ``limits_said``."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:clock"

    def permits(self, partition: int, group: str) -> str:
        """Who runs how much of a limited group: hash by claimant, in partition 0; beside it zsets of claimants."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:limits:permits"

    def handler_limits(self, partition: int, group: str) -> str:
        """What limits a group's handlers: hash; beside it, and they end, zsets by digest and strings (see Lua)."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:limit"

    def later(self, partition: int, group: str) -> str:
        """Follow-ups that wait: zset of ids by server ms; beside it ``:entries`` and ``:key:SUBJECT`` (see Lua)."""
        return f"{self.prefix}:{{{partition}}}:g:{group}:later"

    def quarantine(self, partition: int) -> str:
        """The bounded stream of signed but unreadable deliveries."""
        return f"{self.prefix}:{{{partition}}}:quarantine"

    def erased(self, partition: int) -> str:
        """Who was erased, for archives that still have their events: hash of server ms by entity key, for ever."""
        return f"{self.prefix}:{{{partition}}}:erased"

    def stream_copy(self, stream: str) -> str:
        """A stream without what was deleted from it, while it is made to take that one's place; ends by itself."""
        return f"{stream}:copy"

    def probe(self, partition: int) -> str:
        """Written, and removed in the same step, to find out whether writes are taken."""
        return f"{self.prefix}:{{{partition}}}:probe"

    def layout(self, partition: int) -> str:
        """The number of partitions by which is stored here, in `partitions`; by each earlier number: where it ended."""
        # That is the stream's last entry id and the server's ms, with a blank between. In partition 0 all raises stand.
        return f"{self.prefix}:{{{partition}}}:layout"

    @property
    def encryption(self) -> str:
        """Whether bodies are encrypted, once everybody can read that: hash like `format`, with the format 3."""
        return f"{self.prefix}:encryption"

    @property
    def partitions(self) -> str:
        """How many partitions this installation has: a number. Written when every partition knows it."""
        return f"{self.prefix}:partitions"

    @property
    def format(self) -> str:
        """The format that is written: hash with ``written``, or ``ready_since`` when everybody reads the newest."""
        return f"{self.prefix}:format"

    @property
    def salesloft_budget(self) -> str:
        """SalesLoft's rate limit: hash with ``minute``, ``remaining`` units and ``blocked``: until when, server ms."""
        return f"{self.prefix}:salesloft:budget"

    @property
    def subscriptions(self) -> str:
        """The list of subscriptions that SalesLoft gave a console last: JSON without tokens; it ends by itself."""
        return f"{self.prefix}:salesloft:subscriptions"

    @property
    def subscriptions_asked(self) -> str:
        """Exists while SalesLoft is not to be asked for that list again."""
        return f"{self.prefix}:salesloft:subscriptions:asked"

    @property
    def backfill(self) -> str:
        """How far backfills have come: hash of ``<job>/lease`` and ``<job>/<resource>/<field>``."""
        return f"{self.prefix}:backfill"

    @property
    def receivers(self) -> str:
        """The keys that receivers accept: hash of JSON by receiver, with server ms and fingerprints by source."""
        return f"{self.prefix}:receivers"

    @property
    def deliveries(self) -> str:
        """What receivers say of deliveries: hash of the latest of each kind, server ms, and their number."""
        return f"{self.prefix}:deliveries"

    @property
    def samples(self) -> str:
        """The pipeline's figures of the last half hour: list of JSON, the latest first; it ends by itself."""
        return f"{self.prefix}:samples"

    def group_samples(self, group: str) -> str:
        """A group's figures of the last half hour: list of numbers, the latest first; it ends by itself."""
        return f"{self.prefix}:g:{group}:samples"

    @property
    def audit(self) -> str:
        """Who did what in the console: a stream of bounded length."""
        return f"{self.prefix}:audit"

    @property
    def alerts(self) -> str:
        """What people were told: hash with ``ledger`` (JSON) and ``lease``, which one process that tells holds."""
        return f"{self.prefix}:alerts"

    @property
    def disabled_subscriptions(self) -> str:
        """Event types whose subscriptions are disabled: hash of JSON by looker, with server ms; it ends by itself."""
        return f"{self.prefix}:subscriptions:disabled"

    @property
    def search_key(self) -> str:
        """The key of the HMAC that the audit has of texts that were searched for: hexadecimal digits, for ever."""
        return f"{self.prefix}:search:key"

    @property
    def groups(self) -> str:
        """The set of all registered groups."""
        return f"{self.prefix}:groups"

    def group(self, group: str) -> str:
        """A group's registration: hash with ``events``, ``ordering``, ``handlers``, ``seen``."""
        return f"{self.prefix}:g:{group}"
