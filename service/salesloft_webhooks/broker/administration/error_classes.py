"""What errors have in common: hundreds of dead letters mostly have two or three causes.

An error is one line, ``HTTPStatusError: 503 from crm``. Its class is the same line without what differs from one event
to the next: addresses, quoted texts, ids and long numbers. So letters of one cause stand together, and what is personal
data mostly drops out; still a class's text is shown to those who may see letters, and only its key stands in addresses,
runs and the audit.
"""

import re
from functools import lru_cache
from hashlib import sha256

CONSIDERED = 200
"""So many characters of an error say what it is."""
_KEY_DIGITS = 8
_TYPE = re.compile(r"[A-Za-z_][\w.]{0,63}(?=:|\Z)")
_LINE = re.compile(r" \([\w./-]+\.py:\d+\)|(?<=.{150}) \([\w./-]*(?:\.py)?:?\d*\Z")
"""The author's line, which moves with every change of the file; it may have been cut off."""
_VARYING = (
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "<address>"),
    (re.compile(r"'[^']*'?|\"[^\"]*\"?|`[^`]*`?"), "<text>"),
    (re.compile(r"\b(?=[\d-]*[a-fA-F])(?=[a-fA-F-]*\d)[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{2,})*\b"), "<id>"),
    (re.compile(r"\d{4,}(?:\.\d+)?|\d+\.\d+"), "<number>"),
)


@lru_cache(maxsize=8_192)
def error_class(error: str) -> str:
    """The class of an error: its line without what varies."""
    text = _LINE.sub("", error)[:CONSIDERED]
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return " ".join(text.split())


@lru_cache(maxsize=8_192)
def class_key(of_class: str) -> str:
    """What to call a class in an address or on a command line: ``HTTPStatusError~1f0c9a3b``; no content in it."""
    digest = sha256(of_class.encode(errors="backslashreplace")).hexdigest()[:_KEY_DIGITS]
    return f"{exception_type(of_class)}~{digest}"


def exception_type(error: str) -> str:
    """The type that an error or a class begins with; ``error`` where it begins with none."""
    found = _TYPE.match(error)
    return found[0] if found else "error"


def is_of(error: str, wanted: str) -> bool:
    """Whether an error is of a class, given by its key, or of an exception type, given by its name."""
    of_class = error_class(error)
    return wanted in {class_key(of_class), exception_type(of_class)}
