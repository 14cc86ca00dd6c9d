"""Benchmarks: against limits of our own and against peers, side by side in one run."""
