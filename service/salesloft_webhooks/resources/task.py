"""Task. Generated from SalesLoft's description of its API: `make docs`."""

from salesloft_webhooks.resources.reading import Reference, Resource, Time


class Task(Resource, frozen=True, kw_only=True):
    """A task of a rep's about a person; `due_date` is a day, as text."""

    completed_at: Time | None = None
    completed_by: Reference | None = None
    created_by_user: Reference | None = None
    current_state: str | None = None
    description: str | None = None
    due_at: Time | None = None
    due_date: str | None = None
    person: Reference | None = None
    remind_at: Time | None = None
    subject: str | None = None
    task_type: str | None = None
    user: Reference | None = None
