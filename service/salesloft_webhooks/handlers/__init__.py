"""Handlers: the `Router` users write with, and the built-in groups."""
