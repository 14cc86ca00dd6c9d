"""Templates: Jinja2 with everything escaped, and how times and numbers are written in them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from salesloft_webhooks.console.static_files import StaticFiles
from salesloft_webhooks.readable_times import seconds_text

TEMPLATES = Path(__file__).with_name("templates")
SPARK_WIDTH, SPARK_HEIGHT = 120, 24

Moment = datetime | int | float
"""A time: with its zone, or in Unix milliseconds."""


def templates(static_files: StaticFiles) -> Environment:
    """The templates. What strangers wrote (names, subjects, errors) is text in them and can be nothing else."""
    # Ours are HTML, all of them; what is not defined is an error, not an empty place that nobody notices.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"iso": iso, "utc": utc, "span": seconds_text, "grouped": grouped}
    environment.globals |= {"asset": static_files.address, "points": points}
    return environment


def render(environment: Environment, template: str, values: Mapping[str, Any]) -> str:
    """A page."""
    return environment.get_template(template).render(values)


def _moment(time: Moment) -> datetime:
    return time.astimezone(UTC) if isinstance(time, datetime) else datetime.fromtimestamp(time / 1_000, UTC)


def _written(time: Moment, form: str) -> str:
    return _moment(time).strftime(form)


iso = partial(_written, form="%Y-%m-%dT%H:%M:%S.%fZ")
"""As ``<time datetime>`` wants it."""
utc = partial(_written, form="%Y-%m-%d %H:%M:%S UTC")
"""As people read it."""


def grouped(number: float) -> str:
    """A number with its thousands apart."""
    return f"{number:,}"


def points(samples: Sequence[float]) -> str:
    """The corners of a small chart's line, oldest first, as SVG has them; 0 is at its bottom."""
    highest = max([*samples, 1e-9])
    step = SPARK_WIDTH / max(1, len(samples) - 1)
    drawn = (SPARK_HEIGHT - 1 - (SPARK_HEIGHT - 2) * max(0.0, each) / highest for each in samples)
    return " ".join(f"{number * step:.1f},{height:.1f}" for number, height in enumerate(drawn))
