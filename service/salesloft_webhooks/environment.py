"""How settings are read from environment variables, and how what is wrong with them is said: by name, not by value."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from salesloft_webhooks.errors import ConfigurationError


def _split_commas(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


CommaList = Annotated[tuple[str, ...], BeforeValidator(_split_commas)]
SecretCommaList = Annotated[tuple[SecretStr, ...], BeforeValidator(_split_commas)]


def file_version(path: Path) -> tuple[int, ...] | None:
    """What changes whenever a file's content does; None while there is no file.

    Follows symbolic links, which Kubernetes swaps when a mounted secret changes.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: no file can have such a name
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _in_file(name: str, given: Mapping[str, object]) -> str | None:
    """What the file that is given for a setting holds; None: there is none, or the setting itself is given.

    A line break at its end is not part of it.
    """
    path = given.get(f"{name}_file")
    if path is None or name in given:
        return None
    setting = f"{name}_file".upper()
    try:
        text = Path(str(path)).read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except OSError as exc:
        problem = f"the file cannot be read: {exc.strerror}"
    except UnicodeDecodeError:
        problem = "the file is not UTF-8"
    else:
        if text:
            return text
        problem = "the file is empty"
    raise ConfigurationError(f"{setting}: {problem}")  # outside: the cause names the file, or quotes it


class Environment(BaseModel):
    """Settings that are environment variables of the same name in upper case. An empty variable counts as not set.

    Lower case is read as well. Not pydantic-settings: it takes a tenth of a role's start-up, for sources that we have
    not, and read values of several words as JSON unless told otherwise.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, validate_default=True)

    FROM_FILES: ClassVar[tuple[str, ...]] = ()
    """Settings whose ``_FILE`` twin is read here, once, so that no environment has to hold them."""

    def __init__(self, **overrides: object) -> None:
        """Read the environment; ``overrides`` win.

        Raises:
            ConfigurationError: a file that holds a setting cannot be read.
        """
        variables = {name.lower(): value for name, value in os.environ.items() if value}
        given = {name: variables[name] for name in type(self).model_fields if name in variables} | overrides
        super().__init__(**{name: text for name in self.FROM_FILES if (text := _in_file(name, given))} | given)

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Read the environment; ``overrides`` (from command-line options) win.

        Raises:
            ConfigurationError: naming each wrong setting and what is wrong, never its value.
        """
        try:
            return cls(**{key: value for key, value in overrides.items() if value is not None})
        except ValidationError as exc:
            problems = [
                f"{'.'.join(map(str, problem['loc'])).upper() or 'settings'}: {problem['msg']}"
                for problem in exc.errors(include_url=False, include_input=False, include_context=False)
            ]
        # Raised outside the except block: pydantic's error holds the values, and must not hang on to ours.
        raise ConfigurationError("; ".join(problems))
