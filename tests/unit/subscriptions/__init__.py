"""Subscriptions as they should be, and the way there."""
