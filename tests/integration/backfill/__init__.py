"""The backfill with real servers and a simulated SalesLoft."""
