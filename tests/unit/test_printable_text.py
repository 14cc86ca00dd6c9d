"""What strangers write has no effect on a terminal, and stays what it is in JSON."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.printable_text import printable, printable_json

TEXTS = st.text(st.characters(categories=("Cc", "Cf", "Cs", "L", "Nd", "P", "So", "Zl", "Zp", "Zs")), max_size=50)
KEPT = "\n\t"


@given(TEXTS)
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    """No control character but line breaks and tabs, no change of direction, and again nothing changes."""
    found = printable(text)

    assert [each for each in found if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} and each not in KEPT] == []
    directed = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN"}
    joined = {"\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}
    assert [each for each in found if unicodedata.bidirectional(each) in directed and each not in joined] == []
    assert printable(found) == found


@given(TEXTS)
def test_a_document_stays_the_same(text: str) -> None:
    """It is read as it was, and no character of it needs anything but what can be printed."""
    document = printable_json(json.dumps({text: [text]}, ensure_ascii=False))

    assert json.loads(document) == {text: [text]}
    assert printable(document) == document


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x9b\x07", r"\x1b[2J\x9b\x07"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b\N{TAG LATIN SMALL LETTER A}", r"a\u202eb\U000e0061"),
        ("a\n\tb", "a\n\tb"),
        ("Zoë \N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET} שלום 10\N{NARROW NO-BREAK SPACE}000", None),
    ],
    ids=["sequences", "unseen", "layout", "languages"],
)
def test_what_is_written_out(text: str, shown: str | None) -> None:
    """As Python writes it; what languages need is shown as it is."""
    assert printable(text) == (text if shown is None else shown)
