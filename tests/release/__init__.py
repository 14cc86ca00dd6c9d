"""Tests of a release as a whole, into a registry of their own: `make test-release`."""
