"""The pages, a module each: its handlers, and the list ``ROUTES`` of what it has (`routes`)."""
