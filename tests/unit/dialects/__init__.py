"""Signing, verifying and reading of deliveries."""
