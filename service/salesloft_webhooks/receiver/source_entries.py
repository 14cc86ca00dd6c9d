"""What may be written about a source."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from salesloft_webhooks.configuration_files import load_file
from salesloft_webhooks.receiver.keyring import key_problem, split_keys

KeyField = Literal["envelope_secret", "callback_token", "callback_secret"]


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
    """The entries of a YAML or JSON file.

    Raises:
        ConfigurationError: it cannot be read, or something in it is missing, wrong, unknown or there twice.
    """
    return load_file("SOURCES_FILE", path, _SourcesFile).sources


def _refuse_repeats(field: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"two sources have the same {field}")
        seen.add(value)
