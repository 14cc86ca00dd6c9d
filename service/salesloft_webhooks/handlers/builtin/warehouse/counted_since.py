"""Since when the manifest names which file, for the grace of a compaction.

Only a courtesy to those who read: if it is lost or another compaction writes over it, files stay longer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from salesloft_webhooks.handlers.builtin.warehouse.layout import COUNTED_SINCE
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage


def read_times(storage: Storage) -> Mapping[str, datetime]:
    """By the path; nothing where it cannot be read."""
    try:
        return msgspec.json.decode(storage.read(COUNTED_SINCE).to_pybytes(), type=dict[str, datetime])
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}


def write_times(storage: Storage, counted: Sequence[str], now: datetime) -> None:
    """After the manifest has named these files."""
    known = read_times(storage)
    storage.write(COUNTED_SINCE, msgspec.json.encode({path: known.get(path, now) for path in counted}))
