"""An error of a handler in one line, as it is kept and shown."""

from salesloft_webhooks.authors_line import authors_line
from salesloft_webhooks.handlers.execution import leaves_of

ERROR_LENGTH = 500
"""Characters of an error kept with a dead letter: enough to say what went wrong, too little to copy a payload."""


def describe(error: BaseException, *, with_line: bool = True) -> str:
    """An error in one line, cut to `ERROR_LENGTH`, valid as UTF-8: type, first line of the message, the author's line.

    Of an exception group the errors in it: that of the group itself says nothing but their number.
    """
    text = "; ".join(_one_line(leaf, with_line=with_line) for leaf in leaves_of(error))
    # Messages quote broken data; a lone surrogate in one must not keep the outcome from being stored.
    return text[:ERROR_LENGTH].encode("utf-8", "backslashreplace").decode()


def _one_line(error: BaseException, *, with_line: bool) -> str:
    try:
        message = next(iter(str(error).splitlines()), "")
    except Exception as exc:  # noqa: BLE001 - the author's own __str__: whatever it does, the outcome has to be stored
        message = f"(its __str__ raised {type(exc).__name__})"
    where = f" ({line})" if with_line and (line := authors_line(error)) else ""
    return f"{type(error).__name__}: {message}"[: ERROR_LENGTH - len(where)] + where
