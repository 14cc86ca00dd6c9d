"""Everything that a search has kept still runs without a fault, and quickly."""

import pytest

from tests.fuzz.bounds import ending
from tests.fuzz.corpus import corpus_of
from tests.fuzz.targets import MODULES, target


@pytest.mark.parametrize("name", MODULES)
def test_the_corpus_has_no_fault(name: str) -> None:
    """Only errors that are documented come out, no message has a secret, and what is read is what was written."""
    check, inputs = target(name).check, corpus_of(name)

    for data in inputs:
        with ending():
            check(data)

    assert inputs
