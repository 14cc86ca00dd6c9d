"""What the sections of the file in `HANDLERS_FILE` are built of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr


class Section(BaseModel):
    """A part of the file: a field that nothing reads is a mistake, and is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class HttpEndpoint(Section):
    """What there is to say about any HTTP endpoint of the user's own."""

    url: HttpUrl
    headers: dict[str, SecretStr] = Field({}, description="More headers, e.g. an Authorization.")
    breaker_failures: int = Field(5, ge=1, description="Different events refused in a row after which it pauses.")
    breaker_seconds: float = Field(30.0, gt=0, description="How long.")


EmailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
