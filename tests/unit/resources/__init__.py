"""Resources as types."""
