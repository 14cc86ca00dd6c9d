"""Swapped links."""
