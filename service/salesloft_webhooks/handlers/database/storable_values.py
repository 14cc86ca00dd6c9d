"""Values as every database and every CRM can store them.

JSON may carry what they cannot. NUL (U+0000) is refused by PostgreSQL's text and JSONB, and in its JSON it makes
every later query on the column fail; half of a surrogate pair is no Unicode; NaN is no JSON. SQLite takes all of it, so
what is the same on both has to be decided before.
"""

import math
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

_DIGEST = 40


def clean_text(value: str) -> str:
    """Without NUL, and with the replacement character (U+FFFD) for each half of a surrogate pair."""
    if value.isascii():
        return value.replace("\x00", "")
    return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def clean_json(value: Any) -> Any:
    """A JSON value with every text in it as `clean_text`, names too, and null for numbers that are none."""
    match value:
        case str():
            return clean_text(value)
        case Mapping():
            return {clean_text(str(name)): clean_json(each) for name, each in value.items()}
        case list() | tuple():
            return [clean_json(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def shorten_key(value: str, length: int) -> str:
    """At most ``length`` (above 41) characters; keys that differ stay different, by a digest of what is cut off."""
    if len(value) <= length:
        return value
    digest = sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{value[: length - _DIGEST - 1]}#{digest}"
