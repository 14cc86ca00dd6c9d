"""Every scene there is, from the modules that have them."""

from tests.chaos import (
    clock_scene,
    cluster_scene,
    database_faults,
    debounce_and_limits_scene,
    disk_scene,
    downstream_faults,
    follow_up_scene,
    network_scene,
    rollout_faults,
    scenes,
    sender_scene,
    sentinel_scene,
    wired_faults,
)
from tests.chaos.scenes import Scene

MODULES = (
    scenes,
    follow_up_scene,
    debounce_and_limits_scene,
    wired_faults,
    rollout_faults,
    downstream_faults,
    database_faults,
    sender_scene,
    disk_scene,
    clock_scene,
    sentinel_scene,
    cluster_scene,
    network_scene,
)
SCENES: list[Scene] = [scene for module in MODULES for scene in module.SCENES]
"""In the order of the page."""
