"""Content filters: which events a group or a handler wants by what they say, in a closed language.

::

    data.crm_id exists and not data.do_not_contact = true
    event_type = "person.updated" and data.owner.id in (12, 34)
    data.custom_fields."Lead Score" != "cold" or "vip" in data.tags

====================  ================================================================================================
part                  what it is
====================  ================================================================================================
a field               ``data.`` and names down into the resource, a name with other characters than letters, digits and
                      ``_`` in double quotes; or one of `FIELDS`
a value               text in double or single quotes with JSON's escapes, a number, ``true``, ``false``, ``null``
``field = value``     equal, of one type: ``1`` is no ``"1"``, and no ``true``
``field != value``    not equal; also when there is no such field
``field in (a, b)``   equal to one of them; ``not in`` likewise
``value in field``    the field is a list that has it
``field exists``      it is there, and not ``null``
``not and or ( )``    as anywhere, in this order; words are in lower case
====================  ================================================================================================

A field that is not there is ``null``. Nothing that an event says makes a filter fail or slow: it reads what it names,
once, and compares. Parsed by hand (decision 90): the language is twelve lines of grammar, and what it says of a mistake
is most of the work.
"""

from salesloft_webhooks.content_filters.conditions import FIELDS, All, Condition, Field
from salesloft_webhooks.content_filters.naming import parse_field
from salesloft_webhooks.content_filters.parsing import FilterMistake, FilterText, parse

__all__ = ["FIELDS", "All", "Condition", "Field", "FilterMistake", "FilterText", "parse", "parse_field"]
