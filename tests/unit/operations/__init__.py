"""Tests of what operations does without a network."""
