"""Say as JSON how confined this process is."""

import json
import os
from pathlib import Path


def writable(directory: str) -> bool:
    """Whether a file can be made there."""
    try:
        Path(directory, "probe").write_text("", "utf-8")
    except OSError:
        return False
    return True


status = Path("/proc/self/status").read_text("utf-8")
places = ("/", "/tmp", "/opt/salesloft-webhooks", "/etc/salesloft-webhooks")  # noqa: S108  # whether it can be written to
print(
    json.dumps(
        {
            "user": os.getuid(),
            "capabilities": int(status.split("CapEff:")[1].split()[0], 16),
            "token": Path("/var/run/secrets/kubernetes.io").exists(),
            "writable": [place for place in places if writable(place)],
        }
    )
)
