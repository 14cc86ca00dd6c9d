"""A plain client that looks at streams as people do: the fields of entries by name, whichever way they stand."""

from typing import Any

import redis

from salesloft_webhooks.broker.entry_head import by_name, unpacked_source, unpacked_trace
from salesloft_webhooks.broker.packed_time import unpacked_time


class LookingClient(redis.Redis):
    """Use it with ``encoding_errors="surrogateescape"``, so that what is no text comes through."""

    def xrange(self, *args: Any, **kwargs: Any) -> Any:
        """Entries, as `named` has them."""
        page: Any = super().xrange(*args, **kwargs)
        return [(entry_id, named(fields)) for entry_id, fields in page]

    def xreadgroup(self, *args: Any, **kwargs: Any) -> Any:
        """Entries of each stream, as `named` has them."""
        streams: Any = super().xreadgroup(*args, **kwargs)
        return [[stream, [(entry_id, named(fields)) for entry_id, fields in page]] for stream, page in streams]


OF_THE_STORE_ITSELF = {"sl:partitions", "sl:format", "sl:{0}:layout"}
"""What a process writes when it finds a store that is empty, and a shared one is emptied before each test."""


def written_of_events(client: redis.Redis) -> list[str]:
    """The keys that stand there because something came."""
    return [str(key) for key in client.scan_iter() if key not in OF_THE_STORE_ITSELF]


def named(fields: dict[str, str]) -> dict[str, str]:
    """The fields of an entry, unpacked."""
    raw = by_name({name.encode(): value.encode(errors="surrogateescape") for name, value in fields.items()})
    read = {name.decode(): value.decode(errors="surrogateescape") for name, value in raw.items()}
    unpack = {"made": unpacked_time, "tp": unpacked_trace, "src": unpacked_source}
    return read | {name: unpacked(raw[name.encode()]) for name, unpacked in unpack.items() if name in read}
