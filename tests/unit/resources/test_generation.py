"""The types are those of what SalesLoft has published, now."""

import yaml
from typed_resources.generation import DESCRIPTION, files
from typed_resources.kinds import SCHEMAS, UNPUBLISHED

from salesloft_webhooks import resources
from salesloft_webhooks.dialects.names import KNOWN_EVENT_TYPES
from salesloft_webhooks.resource_kinds import KINDS, EventType
from tests.support.documents import ROOT


def test_the_generated_files_are_current() -> None:
    """`make docs` would change none of them, and none is left over."""
    generated = files()
    folder = ROOT / "service/salesloft_webhooks/resources"
    there = {str(path.relative_to(ROOT)) for path in folder.glob("*.py")}

    assert [path for path, text in generated.items() if (ROOT / path).read_text("utf-8") != text] == []
    assert there - set(generated) == {"service/salesloft_webhooks/resources/reading.py"}


def test_every_kind_and_every_event_type_is_there() -> None:
    """Kinds without a type are those that no publication has; each event type that may come has its name."""
    constants = {value for value in vars(resources).values() if isinstance(value, EventType)}

    assert set(KINDS) - set(SCHEMAS) == {"conversation", "conversation_recording", "conversation_transcript"}
    assert constants == KNOWN_EVENT_TYPES


def test_no_field_is_called_unpublished_that_is_published() -> None:
    """A field goes from our table once the description has it."""
    schemas = yaml.safe_load(DESCRIPTION.read_text("utf-8"))["components"]["schemas"]

    assert [(name, set(more) & set(schemas[name]["properties"])) for name, more in UNPUBLISHED.items()] == [
        (name, set()) for name in UNPUBLISHED
    ]
