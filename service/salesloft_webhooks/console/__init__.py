"""The console: what happened to this person's events, and the button that mends it. Pages, forms and nothing else.

- `routes`: what a page, an action and a stream are; each module of ``pages`` lists its own.
- `application`: collects them; `endpoints` runs them, `answers` turns what they return into HTML or JSON.
- `sign_in`: who asks, and what they may do. `same_origin`: that their own browser's page asks, and no other.
- `last_known`, `store_state`: what is shown while the store is away.
- `live`: new entries, read once for everybody who looks.
- `lifecycle`: the role.

It keeps nothing itself: what it shows is in the store, and so is what was done (`broker/administration/audit.py`).
"""

from salesloft_webhooks.console.lifecycle import run

__all__ = ["run"]
