"""Trains the dictionary of compressed bodies on invented traffic: ``make dictionary``; see docs/sizing.md.

A new one gets an id of its own and a file of its own beside the older ones, which stay: what they compressed is still
to be read. The same bodies give the same dictionary.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec

from salesloft_webhooks.broker import body_compression
from salesloft_webhooks.simulator.sales_team import SalesTeam

SEED, BODIES, DICTIONARY_BYTES = 1, 20_000, 16_384


def bodies(seed: int, count: int) -> list[bytes]:
    """Resources of an invented sales team, as events keep them."""
    team = SalesTeam(Random(seed), datetime(2026, 3, 7, tzinfo=UTC))  # noqa: S311 - invented people, no keys
    return [msgspec.json.encode(team.next().resource) for _ in range(count)]


def main(folder: Path = Path(body_compression.__file__).parent / "dictionaries") -> None:
    """Write the dictionary and say its id."""
    dictionary = body_compression.zstd.train_dict(bodies(SEED, BODIES), DICTIONARY_BYTES)
    (folder / f"{dictionary.dict_id}.zdict").write_bytes(dictionary.dict_content)
    print(dictionary.dict_id)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
