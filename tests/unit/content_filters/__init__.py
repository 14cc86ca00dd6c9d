"""Content filters."""
