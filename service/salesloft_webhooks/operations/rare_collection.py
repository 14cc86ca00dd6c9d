"""How often garbage is looked for in a process that makes none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 20_000
"""More containers than the deliveries in work hold at a time. Python's own number is 700: at 64 deliveries in work it
looked through them several times before they were answered, which took a twelfth of a delivery, and found nothing."""


@contextmanager
def rare_collection() -> Iterator[None]:
    """Look for circles of objects seldom, for as long as the context lasts.

    Only for a role whose work leaves none, whoever sends what (``test_no_request_leaves_a_circle_of_objects``): else
    what clients send would be held for longer. Everything else is freed at once, as always.
    """
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
