"""Reading a filter: its words, then what they mean; a mistake is named by its place.

::

    either     = both *("or" both)
    both       = one *("and" one)
    one        = "not" one / "(" either ")" / comparison
    comparison = field ("=" / "!=") value / field "exists" / field ["not"] "in" "(" value *("," value) ")"
               / value "in" field
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, NoReturn

from pydantic import AfterValidator

from salesloft_webhooks.content_filters.conditions import (
    FIELDS,
    All,
    Among,
    Condition,
    Contains,
    Exists,
    Field,
    Not,
    Some,
    Value,
)

LONGEST = 4_000
"""Characters of a filter: far more than anybody can read."""
DEEPEST = 32
"""Parentheses and ``not`` within each other."""
LONGEST_NUMBER = 40
"""Characters of a number."""

_WORDS = re.compile(
    r"""(?P<blank>[ \t\r\n]+)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>-?[0-9][0-9.eE+-]*)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>!=|[=(),.])""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\", "/": "/"}
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None}
_KEYWORDS = frozenset({"and", "or", "not", "in", "exists", *_CONSTANTS})


class FilterMistake(ValueError):
    """A text is no filter. Its message has the place and what would be right, and nothing of the text.

    Attributes:
        column: Where, from 1.
    """

    def __init__(self, at: int, message: str) -> None:
        super().__init__(f"column {at + 1}: {message}")
        self.column = at + 1


@dataclass(frozen=True, slots=True)
class _Word:
    kind: str
    text: str
    at: int

    def is_(self, *texts: str) -> bool:
        """Whether it is one of these signs or keywords."""
        return self.kind in ("sign", "name") and self.text in texts


def parse(text: str) -> Condition:
    """Read a filter.

    Raises:
        FilterMistake: it is none.
    """
    if len(text) > LONGEST:
        raise FilterMistake(LONGEST, f"a filter has at most {LONGEST} characters")
    return _Parser([*_words(text), _Word("end", "", len(text))]).whole()


def _checked(text: str) -> str:
    parse(text)
    return text


FilterText = Annotated[str, AfterValidator(_checked)]
"""A filter as a setting; anything else is refused."""


def _words(text: str) -> Iterator[_Word]:
    at = 0
    while at < len(text):
        found = _WORDS.match(text, at)
        if found is None:
            unknown = "this character has no meaning in a filter"
            raise FilterMistake(at, "the text has no end" if text[at] in "\"'" else unknown)
        if found.lastgroup != "blank":
            yield _Word(str(found.lastgroup), found[0], at)
        at = found.end()


class _Parser:
    """Goes through the words once, from the left."""

    def __init__(self, words: list[_Word]) -> None:
        self._words = words
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        """Everything there is."""
        condition = self._either()
        if self._word.kind != "end":
            self._fail("`and`, `or` or the end is expected")
        return condition

    @property
    def _word(self) -> _Word:
        return self._words[self._next]

    def _fail(self, message: str) -> NoReturn:
        raise FilterMistake(self._word.at, message)

    def _take(self, *texts: str) -> bool:
        if self._word.is_(*texts):
            self._next += 1
            return True
        return False

    def _expect(self, sign: str, message: str) -> None:
        if not self._take(sign):
            self._fail(message)

    def _either(self) -> Condition:
        return self._several("or", self._both, Some)

    def _both(self) -> Condition:
        return self._several("and", self._one, All)

    def _several(
        self, word: str, part: Callable[[], Condition], joined: Callable[[tuple[Condition, ...]], Condition]
    ) -> Condition:
        found = [part()]
        while self._take(word):
            found.append(part())
        return found[0] if len(found) == 1 else joined(tuple(found))

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(f"more than {DEEPEST} parentheses and `not` within each other")
        if self._take("not"):
            condition: Condition = Not(self._one())
        elif self._take("("):
            condition = self._either()
            self._expect(")", "`and`, `or` or `)` is expected")
        else:
            condition = self._comparison()
        self._depth -= 1
        return condition

    def _comparison(self) -> Condition:
        if self._is_value():
            value = self._value()
            self._expect("in", "`in` and a field are expected: a value stands on the right of `=`")
            return Contains(self._field(), value)
        field = self._field()
        if self._take("exists"):
            return Exists(field)
        if self._take("="):
            return Among(field, (self._value(),))
        if self._take("!="):
            return Not(Among(field, (self._value(),)))
        negated = self._take("not")
        if not self._take("in"):
            self._fail("`in` is expected" if negated else "`=`, `!=`, `in`, `not in` or `exists` is expected")
        among = Among(field, self._values())
        return Not(among) if negated else among

    def _values(self) -> tuple[Value, ...]:
        self._expect("(", "`(` and values are expected")
        found = [self._value()]
        while self._take(","):
            found.append(self._value())
        self._expect(")", "`,` or `)` is expected")
        return tuple(found)

    def _field(self) -> Field:
        word = self._word
        if word.kind != "name" or word.text in _KEYWORDS:
            self._fail("a field is expected")
        if word.text not in ("data", *FIELDS):
            self._fail(f"no such field: there are `data.` and {', '.join(FIELDS)}")
        self._next += 1
        if word.text != "data":
            return Field(word.text)
        path = []
        while self._take("."):
            path.append(self._path_name())
        if not path:
            self._fail("`.` and a name in `data` are expected")
        return Field("data", tuple(path))

    def _path_name(self) -> str:
        word = self._word
        if word.kind not in ("name", "text"):
            self._fail("a name is expected; one with other characters stands in quotes")
        self._next += 1
        return word.text if word.kind == "name" else _text_of(word)

    def _is_value(self) -> bool:
        return self._word.kind in ("text", "number") or self._word.is_(*_CONSTANTS)

    def _value(self) -> Value:
        word = self._word
        if not self._is_value():
            self._fail("a value is expected: text in quotes, a number, true, false or null")
        self._next += 1
        if word.kind == "text":
            return _text_of(word)
        return _number_of(word) if word.kind == "number" else _CONSTANTS[word.text]


def _text_of(word: _Word) -> str:
    def meant(escape: re.Match[str]) -> str:
        code = escape[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _ESCAPED:
            raise FilterMistake(word.at + 1 + escape.start(), "no such escape: JSON's are known, and `\\'`")
        return _ESCAPED[code]

    return _ESCAPE.sub(meant, word.text[1:-1])


def _number_of(word: _Word) -> int | float:
    if len(word.text) > LONGEST_NUMBER or not _NUMBER.match(word.text):
        raise FilterMistake(word.at, "no number as JSON has it")
    number = float(word.text) if {".", "e", "E"} & set(word.text) else int(word.text)
    if not math.isfinite(number):
        raise FilterMistake(word.at, "a number beyond all bounds")
    return number
