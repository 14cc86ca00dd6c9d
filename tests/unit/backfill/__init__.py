"""The backfill without a server: windows, cursors, rows."""
