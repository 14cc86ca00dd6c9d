"""Writes the table of Redis keys into the architecture page: ``python -m salesloft_webhooks.broker.reference PAGE``."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from salesloft_webhooks.broker import records
from salesloft_webhooks.broker.keys import Keys

BEGIN, END = "<!-- keys: make docs -->\n", "<!-- end of keys -->\n"
STREAMS = {
    "an event": records.PACKED_FIELDS,
    "an event in format 1, and a copy": records.ENTRY_FIELDS,
    "a dead letter": records.DEAD_LETTER_FIELDS[len(records.ENTRY_FIELDS) :],
    "a delivery in quarantine": records.QUARANTINE_FIELDS,
    "a group's registration": records.REGISTRATION_FIELDS,
    "an act in the audit": records.AUDIT_FIELDS,
}
_PLACEHOLDERS = {
    "partition": "{p}",
    "slot": "{p}",
    "group": "GROUP",
    "consumer": "CONSUMER",
    "event_id": "EVENT",
    "subject": "SUBJECT",
    "part": "PART",
    "entity_key": "ENTITY",
    "name": "NAME",
    "start": "START",
    "bucket": "BUCKET",
    "run": "RUN",
    "stream": "STREAM",
}


def table() -> str:
    """Every key with what it is, then the fields of what streams and hashes hold."""
    rows = [f"| `{key}` | {meaning} |" for key, meaning in sorted(_keys())]
    fields = [f"| {what} | {', '.join(f'`{name}`' for name in names)} |" for what, names in STREAMS.items()]
    return "\n".join(
        ["| key | what it is |", "|---|---|", *rows, "", "| of | fields |", "|---|---|", *fields],
    )


def with_table(page: str) -> str:
    """``page`` with the table as it is now between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n\n{END}{after}"


def _keys() -> Iterator[tuple[str, str]]:
    keys = Keys("sl")
    for name, member in inspect.getmembers(Keys):
        if name.startswith("_") or name == "prefix":
            continue
        meaning = " ".join((inspect.getdoc(member) or "").partition("\n\n")[0].split()).replace("``", "`")
        if isinstance(member, property):
            yield getattr(keys, name), meaning
        else:
            words = list(inspect.signature(member).parameters)[1:]
            named = getattr(keys, name)(*(_PLACEHOLDERS[word] for word in words))
            yield named.replace("{{p}}", "{p}"), meaning


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(with_table(target.read_text("utf-8")), "utf-8")
