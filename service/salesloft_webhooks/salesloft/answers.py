"""Reads answers: one record or many, wrapped in ``data`` or bare, each as the bytes it came in."""

from contextlib import suppress
from typing import Any

import msgspec

from salesloft_webhooks.errors import SalesloftUnreadable
from salesloft_webhooks.salesloft.exchange import Answer


class Paging(msgspec.Struct, frozen=True):
    """Where a page stands, as far as an answer says.

    Attributes:
        per_page: Rows a page has at most.
        current_page: Its number.
        next_page: The number of the next one; None: there is none, or nobody says.
    """

    per_page: int | None = None
    current_page: int | None = None
    next_page: int | None = None


class _Metadata(msgspec.Struct):
    paging: Any = None


class _Many(msgspec.Struct):
    data: list[msgspec.Raw]
    metadata: _Metadata | None = None


class _One(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()


_MANY = msgspec.json.Decoder(_Many)
_BARE = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(_One)


def records(answer: Answer) -> tuple[list[bytes], Paging]:
    """The records of a list.

    Raises:
        SalesloftUnreadable: it is none.
    """
    bare = answer.body.lstrip().startswith(b"[")
    rows, paging = None, None
    with suppress(msgspec.DecodeError):
        rows, paging = (_BARE.decode(answer.body), None) if bare else _wrapped(answer.body)
    if rows is None:  # raised out here: the cause quotes the answer
        raise SalesloftUnreadable("SalesLoft: not a list as it is documented", perhaps_done=True)
    return [bytes(row) for row in rows], _paging(paging)


def record(answer: Answer) -> bytes:
    """The one record of an answer.

    Raises:
        SalesloftUnreadable: it is none.
    """
    found = None
    with suppress(msgspec.DecodeError):
        found = bytes(_ONE.decode(answer.body).data)
    if found is None:  # raised out here: the cause quotes the answer
        raise SalesloftUnreadable("SalesLoft: not a record as it is documented", perhaps_done=True)
    return found or answer.body


def _wrapped(body: bytes) -> tuple[list[msgspec.Raw], Any]:
    many = _MANY.decode(body)
    return many.data, many.metadata.paging if many.metadata else None


def _paging(found: Any) -> Paging:
    try:
        return msgspec.convert(found, Paging, strict=False)
    except msgspec.ValidationError:
        return Paging()
