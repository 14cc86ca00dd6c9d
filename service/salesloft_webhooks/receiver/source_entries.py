"""What may be written about a source, and how what is wrong with it is said: by name, never by value."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.receiver.keyring import key_problem, split_keys

KeyField = Literal["envelope_secret", "callback_token", "callback_secret"]

_ModelT = TypeVar("_ModelT", bound=BaseModel)


def _keys(value: Any) -> tuple[bytes, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("must be a text or a list of texts")
    keys = [key for text in texts for key in split_keys(text.encode("utf-8", "surrogateescape"))]
    if not keys:
        raise ValueError("holds no key")
    if problem := key_problem(keys):
        raise ValueError(problem)
    return tuple(dict.fromkeys(keys))


Keys = Annotated[tuple[bytes, ...], BeforeValidator(_keys)]


class SourceEntry(BaseModel):
    """One source as written: each kind of key as values (a list, or separated by commas) or as a file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")
    path: str = Field(pattern=r"^/[A-Za-z0-9._~/-]*$")  # no braces: the web framework would take them for parameters
    timestamp_tolerance_seconds: int | None = Field(None, ge=1, le=86_400)
    envelope_secret: Keys = Field((), repr=False)
    envelope_secret_file: Path | None = None
    callback_token: Keys = Field((), repr=False)
    callback_token_file: Path | None = None
    callback_secret: Keys = Field((), repr=False)
    callback_secret_file: Path | None = None

    def values(self, name: KeyField) -> tuple[bytes, ...]:
        """The keys written out in a field."""
        values: tuple[bytes, ...] = getattr(self, name)
        return values

    def file(self, name: KeyField) -> Path | None:
        """The file named instead."""
        path: Path | None = getattr(self, f"{name}_file")
        return path


class _SourcesFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    sources: tuple[SourceEntry, ...] = Field(min_length=1)

    @field_validator("sources")
    @classmethod
    def _distinct(cls, entries: tuple[SourceEntry, ...]) -> tuple[SourceEntry, ...]:
        _refuse_repeats("name", [entry.name for entry in entries])
        _refuse_repeats("path", [entry.path for entry in entries])
        return entries


def read_sources_file(path: Path) -> tuple[SourceEntry, ...]:
    """The entries of a YAML or JSON file (any JSON is YAML).

    Raises:
        ConfigurationError: it cannot be read, or something in it is missing, wrong, unknown or there twice.
    """
    import yaml  # noqa: PLC0415 - most installations have no such file

    try:
        written = yaml.safe_load(path.read_bytes())
    except OSError as exc:
        raise ConfigurationError(f"SOURCES_FILE: cannot be read: {exc.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as exc:  # ValueError: 2026-13-45 looks like a date and is none
        raise ConfigurationError(f"SOURCES_FILE: not YAML{_position(exc)}") from None
    return validated(_SourcesFile, written, lambda location: f"SOURCES_FILE: {location}").sources


def validated(model: type[_ModelT], written: object, call: Callable[[str], str]) -> _ModelT:
    """``written`` as the model, strictly.

    Args:
        model: What it should be.
        written: Plain values.
        call: How to name a field in messages, given its dotted location (empty for the whole).

    Raises:
        ConfigurationError: each problem with the name of its field, none with a value.
    """
    try:
        return model.model_validate(written)
    except ValidationError as exc:
        problems = [
            f"{call('.'.join(map(str, problem['loc'])))}: {problem['msg']}"
            for problem in exc.errors(include_url=False, include_input=False, include_context=False)
        ]
    # Raised outside the except block: pydantic's error holds the values, which must not hang on to ours.
    raise ConfigurationError("; ".join(problems))


def _position(error: Exception) -> str:
    """Where, but not the excerpt YAML's own message would show: it may be a key."""
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""


def _refuse_repeats(field: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"two sources have the {field} {value}")
        seen.add(value)
