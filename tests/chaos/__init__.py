"""Faults struck at a live pipeline under counted traffic: `make chaos`, which writes docs/reliability.md."""
