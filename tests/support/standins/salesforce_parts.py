"""Requests to Salesforce that carry others: a Composite request, taken apart."""

import json

from tests.support.standins.http import Request

VERSION = "67.0"
BASE = f"/services/data/v{VERSION}"


def parts_of(request: Request) -> list[Request]:
    """A request that carries others as those, any other as itself."""
    if request.path != f"{BASE}/composite":
        return [request]
    return [
        Request(
            each["method"],
            each["url"],
            {name.lower(): value for name, value in each.get("httpHeaders", {}).items()},
            json.dumps(each.get("body")).encode(),
        )
        for each in request.json["compositeRequest"]
    ]


def is_write(request: Request) -> bool:
    """Whether it would change something."""
    return request.path.startswith(f"{BASE}/composite/sobjects")
