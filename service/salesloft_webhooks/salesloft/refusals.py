"""What SalesLoft says when it refuses, made fit to be shown: in a condition, a log line, a terminal."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from salesloft_webhooks.errors import (
    SalesloftError,
    SalesloftForbidden,
    SalesloftNotFound,
    SalesloftRefused,
    SalesloftUnauthorized,
    SalesloftUnreadable,
)
from salesloft_webhooks.salesloft.exchange import Answer

LONGEST_WORDS = 200
MOST_PROBLEMS = 20
_EMAIL_ADDRESS = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


def refusal(answer: Answer, *, secrets: Iterable[str] = ()) -> SalesloftError:
    """The error for an answer of 3xx or 4xx.

    Args:
        answer: The answer.
        secrets: What was sent and must not come back in a message: SalesLoft may quote it.
    """
    said = _object(answer.body)
    words = Words(secrets)
    message = f"SalesLoft answered {answer.status}"
    if text := words.clean(said.get("error")):
        message = f"{message}: {text}"
    if answer.status == 401:
        return SalesloftUnauthorized(f"Unauthorized: {message}")
    if answer.status == 403:
        return SalesloftForbidden(message)
    if answer.status == 404:
        return SalesloftNotFound(message)
    if answer.status < 400:
        return SalesloftUnreadable(f"SalesLoft answered {answer.status}: the address is wrong", perhaps_done=True)
    problems = words.problems(said.get("errors"))
    if problems:
        message = f"{message}: " + "; ".join(f"{name} {', '.join(texts)}" for name, texts in problems.items())
    return SalesloftRefused(message, problems)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


class Words:
    """Makes SalesLoft's words fit to be shown: short, printable, without secrets and addresses of people."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({secret for secret in secrets if len(secret) > 4}, key=len, reverse=True)

    def clean(self, words: object) -> str:
        """The words; empty if they are none."""
        if not isinstance(words, str):
            return ""
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return _UNPRINTABLE.sub(" ", _EMAIL_ADDRESS.sub("***", words))[:LONGEST_WORDS].strip()

    def problems(self, errors: object) -> dict[str, tuple[str, ...]]:
        """What is wrong, by field."""
        if not isinstance(errors, dict):
            return {}
        found = {}
        for name, texts in list(errors.items())[:MOST_PROBLEMS]:
            each = texts if isinstance(texts, list) else [texts]
            found[self.clean(name)] = tuple(text for one in each[:MOST_PROBLEMS] if (text := self.clean(one)))
        return found
