"""``docs/answers.md``, made of `delivery_outcomes` (``make docs``)."""

import json
import sys
from collections.abc import Iterable, Iterator

from salesloft_webhooks.delivery_outcomes import Answer, DeliveryOutcome, HealthAnswer, RequestRefusal
from salesloft_webhooks.telemetry.reference import described

_INTRODUCTION = """\
# Answers: what a sender gets, and where it shows

Generated from `service/salesloft_webhooks/delivery_outcomes.py` by `make docs`. Every body is JSON; `...` stands for a
sentence about what cannot be read. `Retry-After` is `RETRY_AFTER_SECONDS`. A 401 has one body for every reason; the
reasons are in the metrics and the log only.

## Deliveries

`outcome` is the label of `salesloft_webhooks_deliveries_total` and its like, `event` a line of the [log](logs.md).

| answer | body | fields | outcome | event | meaning |
|---|---|---|---|---|---|"""
_REASONS = """
What is told apart within an outcome, as `reason` of the log and of a metric ([explained](metrics.md#labels)):
"""
_REFUSALS = """
## Other requests

Answered, and neither counted nor logged.

| answer | body | fields | meaning |
|---|---|---|---|"""
_HEALTH = """
## Probes of load balancers

GET and HEAD at `HEALTH_PATH`. Answered, and neither counted nor logged; no store is asked.

| answer | body | fields | meaning |
|---|---|---|---|"""


def page() -> str:
    """The whole page."""
    meanings = described(DeliveryOutcome)
    lines = [_INTRODUCTION]
    for outcome in DeliveryOutcome:
        event = f"`{outcome.log_event}`" if outcome.log_event else ""
        lines.append(f"| {_answer(outcome.answer)} | `{outcome}` | {event} | {_without_status(meanings[outcome])} |")
    lines.append(_REASONS)
    lines.extend(f"- `{each}`: {_listed(each.reasons)}." for each in DeliveryOutcome if each.reasons)
    lines.append(_REFUSALS)
    lines.extend(_rows(RequestRefusal))
    lines.append(_HEALTH)
    lines.extend(_rows(HealthAnswer))
    return "\n".join(lines) + "\n"


def _rows(answers: type[RequestRefusal | HealthAnswer]) -> Iterator[str]:
    sentences = described(answers)
    return (f"| {_answer(each.answer)} | {_without_status(sentences[each])} |" for each in answers)


def _answer(answer: Answer | None) -> str:
    if answer is None:
        return "none | |"
    return f"{answer.status} | `{json.dumps(answer.content)}` | {', '.join(_fields(answer))}"


def _fields(answer: Answer) -> Iterator[str]:
    for name, value in answer.headers(0).items():
        yield "`Retry-After`" if name == "retry-after" else f"`{name.title()}: {value}`"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _without_status(meaning: str) -> str:
    sentence = meaning.partition(": ")[2]
    return sentence[:1].upper() + sentence[1:]


if __name__ == "__main__":
    sys.stdout.write(page())
