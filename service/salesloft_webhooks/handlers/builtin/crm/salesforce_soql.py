"""SOQL for many values at once, and Salesforce's record ids: pure functions.

A quote and a backslash have to be escaped in a text ("Reserved Characters" and "Quoted String Escape Sequences", SOQL
and SOSL Reference). A URI and its headers may have 16,384 bytes together (Salesforce Help 000386264, "Maximum number of
rows returned by SOQL queries over the REST API", which also recommends the body of a Composite request for long
statements, as we do); a statement 100,000 characters.

An id has 15 characters in which upper and lower case differ, or these and three that say which are upper case, so that
it survives systems that do not tell them apart ("ID Field Type", Object Reference). Its first three characters say what
it is of (Help 000385203).
"""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

ENCODED_LIMIT = 12_000
"""Characters of one statement as it stands in an address: below the 16,384 of a URI and its headers."""

CONTACT, LEAD = "Contact", "Lead"
PREFIXES = {"003": CONTACT, "00Q": LEAD}

_CASES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
"""Which of five characters are upper case, the first one in the lowest bit."""
_ESCAPES = str.maketrans(
    {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"},
)


def text(value: str) -> str:
    """The value as a literal of SOQL."""
    return f"'{value.translate(_ESCAPES)}'"


def encoded(statement: str) -> str:
    """The statement as it stands in an address."""
    return quote(statement, safe="")


def statements(select: str, where: str, values: Iterable[str]) -> Iterator[str]:
    """Statements that together look for all values, each of a length that Salesforce takes.

    Args:
        select: From ``SELECT`` to the object's name, checked by whoever writes it.
        where: The name of the field that has one of the values.
        values: Texts, whatever is in them.
    """
    start = f"{select} WHERE {where} IN ("
    room = ENCODED_LIMIT - len(encoded(f"{start})"))
    taken, length = list[str](), 0
    for literal in map(text, dict.fromkeys(values)):
        more = len(encoded(f"{literal},"))
        if taken and length + more > room:
            yield f"{start}{','.join(taken)})"
            taken, length = [], 0
        taken.append(literal)
        length += more
    if taken:
        yield f"{start}{','.join(taken)})"


def record_id(value: str) -> str | None:
    """The id in 18 characters, its cases restored if it has that many; None: it is none."""
    if not (value.isascii() and value.isalnum() and len(value) in (15, 18)):
        return None
    if len(value) == 15:
        fives = (value[start : start + 5] for start in (0, 5, 10))
        return value + "".join(_CASES[sum(each.isupper() << bit for bit, each in enumerate(five))] for five in fives)
    suffix = value[15:].upper()
    if not set(suffix) <= set(_CASES):
        return None
    upper = [bool(_CASES.index(each) >> bit & 1) for each in suffix for bit in range(5)]
    if any(is_upper and each.isdigit() for each, is_upper in zip(value, upper, strict=False)):
        return None
    restored = (each.upper() if is_upper else each.lower() for each, is_upper in zip(value, upper, strict=False))
    return "".join(restored) + suffix
