"""Unit tests of what people ask of the store."""
