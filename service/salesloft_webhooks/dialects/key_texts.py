"""Keys as people write them: several in one text, and what shows that one was not meant."""

import re
from collections.abc import Iterable

from salesloft_webhooks.dialects.protocol import KeyKind

# A byte order mark, a space of no width and one that does not break: nobody sees them, and everybody's signature fails.
_INVISIBLE = rb"(?:\s|\xef\xbb\xbf|\xe2\x80\x8b|\xc2\xa0)"
_AROUND = re.compile(rb"\A%b+|%b+\Z" % (_INVISIBLE, _INVISIBLE))
_NEVER_MEANT = {
    re.compile(rb"\x00"): "is in UTF-16; save it as UTF-8",
    re.compile(rb"[\x01-\x08\x0e-\x1f\x7f]"): "holds a control character",
    re.compile(rb"\xef\xbb\xbf|\xe2\x80\x8b"): "holds an invisible character inside a key (U+FEFF or U+200B)",
    re.compile(rb"\A([\"']).*\1\Z", re.DOTALL): "holds a key in quotation marks, which would be part of it",
    re.compile(rb"\\[nr]\Z"): "holds a key that ends in a backslash and a letter instead of a line break",
}


def split_keys(text: bytes) -> tuple[bytes, ...]:
    """The values of a key setting: separated by commas or line breaks, without what is invisible around them."""
    parts = (_AROUND.sub(b"", part) for part in re.split(rb"[,\r\n]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def key_problem(keys: Iterable[bytes], kind: KeyKind) -> str | None:
    """What shows that a value was not meant as the key it would be, as the end of a sentence; None if nothing does.

    A key that differs from what people see would refuse every delivery, and nobody would know why.
    """
    for key in keys:
        for pattern, problem in _NEVER_MEANT.items():
            if pattern.search(key):
                return problem
        if unfit := kind.problem(key):
            return unfit
    return None
