"""Requests to Salesforce that carry others: a Composite request, taken apart."""

import json
from typing import Any
from urllib.parse import unquote

from tests.support.standins.http import Answer, Request

VERSION = "67.0"
BASE = f"/services/data/v{VERSION}"
INVALID_REFERENCE = Answer(400, [{"errorCode": "PROCESSING_HALTED", "message": "Invalid reference specified."}])


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


def refers(part: dict[str, Any]) -> bool:
    """Whether a part has a reference to another one's answer; here nobody means one, so each is refused.

    "You can then refer to the ID in the url or body fields of later subrequests": ``@{referenceId.FieldName}`` ("Send
    Multiple Requests Using Composite", REST API Developer Guide). Whether a url is decoded first is not said.
    """
    return "@{" in json.dumps(part.get("body")) or "@{" in unquote(part["url"])
