"""How settings are read from environment variables, and how what is wrong with them is said: by name, not by value."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from salesloft_webhooks.errors import ConfigurationError


def _split_commas(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)]
SecretCommaList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_commas)]


def file_version(path: Path) -> tuple[int, ...] | None:
    """What changes whenever a file's content does; None while there is no file.

    Follows symbolic links, which Kubernetes swaps when a mounted secret changes.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class Environment(BaseSettings):
    """Settings that are environment variables of the same name in upper case. An empty variable counts as not set."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

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
