"""What may be written about a source."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, field_validator

from salesloft_webhooks.configuration_files import load_file
from salesloft_webhooks.dialects import KeyKind, key_kinds
from salesloft_webhooks.dialects.key_texts import key_problem, split_keys


def _keys_of(kind: KeyKind) -> Callable[[Any], tuple[bytes, ...]]:
    def keys(value: Any) -> tuple[bytes, ...]:
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError("must be a text or a list of texts")
        keys = [key for text in texts for key in split_keys(text.encode("utf-8", "surrogateescape"))]
        if not keys:
            raise ValueError("holds no key")
        if problem := key_problem(keys, kind):
            raise ValueError(problem)
        return tuple(dict.fromkeys(keys))

    return keys


class SourceFields(BaseModel):
    """One source as written; `SourceEntry` adds a field and a file for each kind of key."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")
    path: str = Field(pattern=r"^/[A-Za-z0-9._~/-]*$")  # no braces: the web framework would take them for parameters
    timestamp_tolerance_seconds: int | None = Field(None, ge=1, le=86_400)

    def values(self, kind: KeyKind) -> tuple[bytes, ...]:
        """The keys of a kind that are written out."""
        values: tuple[bytes, ...] = getattr(self, kind.field)
        return values

    def file(self, kind: KeyKind) -> Path | None:
        """The file named instead."""
        path: Path | None = getattr(self, f"{kind.field}_file")
        return path


def _key_fields() -> dict[str, Any]:
    """Each kind of key as values (a list, or separated by commas) or as a file."""
    fields: dict[str, Any] = {}
    for kind in key_kinds():
        keys = Annotated[tuple[bytes, ...], BeforeValidator(_keys_of(kind))]
        fields[kind.field] = (keys, Field((), repr=False))
        fields[f"{kind.field}_file"] = (Path | None, None)
    return fields


SourceEntry = create_model("SourceEntry", __base__=SourceFields, **_key_fields())


class _SourcesFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    sources: tuple[SourceEntry, ...] = Field(min_length=1)  # type: ignore[valid-type]  # made from the dialects

    @field_validator("sources")
    @classmethod
    def _distinct(cls, entries: tuple[SourceFields, ...]) -> tuple[SourceFields, ...]:
        _refuse_repeats("name", [entry.name for entry in entries])
        _refuse_repeats("path", [entry.path for entry in entries])
        return entries


def read_sources_file(path: Path) -> tuple[SourceFields, ...]:
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
