"""Writes `salesloft_webhooks.resources` from what SalesLoft has published: ``make docs``; a test compares."""
