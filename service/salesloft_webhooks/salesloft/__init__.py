"""SalesLoft's API: the only room that asks it anything.

::

    async with open_salesloft(settings, SharedBudget(store, per_minute=PER_MINUTE), floor=60) as salesloft:
        found = await salesloft.subscriptions.all()
        page = await salesloft.lists.page(LISTS["people"], since=cursor, until=page.date - settle)

**Credentials** are an API key or access token, from a file that may change, or those of a private app. A request takes
its token at the last moment, after every wait: a token that was valid when the wait began need not be at its end. A 401
means: read the file again, or get a new token, once; then `SalesloftUnauthorized`. There are no refresh tokens: each
use revokes the last one, so two processes that hold one lock each other out.

**The rate limit** is the team's, 600 units a minute, and others use it as well. A request reserves its units before it
is sent, in the store for all our processes, or in this one where there is no store. What SalesLoft says is left counts
if it is less. ``floor`` is what a caller leaves for the others. A 429 stops everybody until its minute is over, or as
long as it says.

**Repeats.** What only reads, and what may be done twice with the same end, is repeated when it failed. A creation is
repeated only when it was certainly not done: no connection, 401, 429. Otherwise `SalesloftUnavailable.perhaps_done` is
set, and the next list shows it.

**Answers** are read tolerantly: wrapped in ``data`` or bare, with fields that nobody knows. Rows of lists are passed on
byte for byte. What SalesLoft's own description says of them is in
``tests/unit/salesloft/published``.
"""

from salesloft_webhooks.salesloft.api import Salesloft, open_salesloft
from salesloft_webhooks.salesloft.budget import PER_MINUTE, Budget, LocalBudget, page_cost
from salesloft_webhooks.salesloft.credentials import has_credentials
from salesloft_webhooks.salesloft.record_lists import LISTS, Direction, Page, RecordList, Row
from salesloft_webhooks.salesloft.subscriptions import Subscription
from salesloft_webhooks.salesloft.transport import Patience

__all__ = [
    "LISTS",
    "PER_MINUTE",
    "Budget",
    "Direction",
    "LocalBudget",
    "Page",
    "Patience",
    "RecordList",
    "Row",
    "Salesloft",
    "Subscription",
    "has_credentials",
    "open_salesloft",
    "page_cost",
]
