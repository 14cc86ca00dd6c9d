"""Every fault there is, from the modules that have them."""

from tests.chaos import (
    clock_faults,
    cluster_faults,
    content_faults,
    database_faults,
    disk_faults,
    downstream_faults,
    network_faults,
    process_faults,
    promotion_faults,
    rollout_faults,
    sender_faults,
    store_faults,
    wired_faults,
)
from tests.chaos.fault import Fault

MODULES = (
    process_faults,
    store_faults,
    content_faults,
    wired_faults,
    rollout_faults,
    downstream_faults,
    database_faults,
    sender_faults,
    disk_faults,
    clock_faults,
    promotion_faults,
    cluster_faults,
    network_faults,
)
FAULTS: list[Fault] = [fault for module in MODULES for fault in module.FAULTS]
"""In the order of the page."""
