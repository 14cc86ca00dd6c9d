"""Tests of the Helm chart and everything made from it."""
