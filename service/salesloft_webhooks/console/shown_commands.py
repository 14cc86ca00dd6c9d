"""Command lines that pages show, to be copied into a shell.

What stands in them may be a stranger's: an address of ours that he has made, a name in what he sent. So everything but
the words of the command is quoted, nothing is taken for an option that is none, and no character reaches a terminal
that it would obey or that nobody sees (a control character, a change of direction).
"""

import shlex
from collections.abc import Iterable

PROGRAM = "salesloft-webhooks"
Value = str | bool | Iterable[str]


def command_line(command: str, *arguments: str, **options: Value) -> str:
    """A command line.

    Args:
        command: Its words, ours: ``dead redrive``.
        arguments: What it is about.
        options: By name, with ``_`` for ``-``. True: without a value; several: once for each; empty or False: none.
    """
    about = list(map(_quoted, arguments))
    dashed = any(each.startswith("-") for each in arguments)
    words = [PROGRAM, *command.split(), *([] if dashed else about)]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [option] * value
        else:
            given = [value] if isinstance(value, str) else value
            words += [word for each in given if each for word in _option(option, each)]
    return " ".join([*words, *(["--", *about] if dashed else [])])


def _option(option: str, value: str) -> list[str]:
    return [f"{option}={_quoted(value)}"] if value.startswith("-") and value != "-" else [option, _quoted(value)]


def _quoted(text: str) -> str:
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(each if _is_plain(each) else _escaped(each) for each in text) + "'"


def _is_plain(character: str) -> bool:
    return character.isprintable() and character not in "\\'"


def _escaped(character: str) -> str:
    return f"\\U{ord(character):08x}" if ord(character) > 127 else f"\\x{ord(character):02x}"
