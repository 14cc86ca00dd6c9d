"""Erasures of which each is killed at a step of its storing; one line of input says at which, one of output what came.

Each is a process of its own, forked from this one, which has loaded everything and has no thread.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.erasure import erase_persons
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
from tests.e2e.deadly_steps import between_steps, die_at

PERSON = 7


def erase(section: dict[str, object], step: int) -> None:
    """The whole of it, or until the step comes."""
    storage = open_storage(WarehouseConfiguration.model_validate(section))
    for owner, name in ((Storage, "write"), (Storage, "delete"), (os, "fsync"), (Path, "replace")):
        between_steps(owner, name)
    die_at(step)
    erase_persons(storage, [PERSON], grace=timedelta(hours=1), now=datetime.now(UTC), typed=True)


def main() -> None:
    """Until the input ends."""
    section = json.loads(sys.argv[1])
    for line in sys.stdin:
        child = os.fork()
        if not child:
            erase(section, int(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
