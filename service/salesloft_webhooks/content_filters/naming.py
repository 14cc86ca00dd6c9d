"""A field of an event by its name alone, as filters write it: for what reads its value and compares that with none."""

from salesloft_webhooks.content_filters.conditions import Exists, Field
from salesloft_webhooks.content_filters.parsing import parse


def parse_field(text: str) -> Field:
    """Read the name of a field, as it stands on the left of ``=``.

    Raises:
        FilterMistake: it is none; a `ValueError` like every other.
        ValueError: it is more than a field.
    """
    condition = parse(f"{text} exists")
    if not isinstance(condition, Exists):
        raise ValueError("this is more than the name of a field")  # noqa: TRY004 - the text is wrong, not its type
    return condition.field
