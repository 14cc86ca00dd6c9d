"""Backfill: finds what no webhook has brought, and publishes it with the very id that its webhook would have had."""
