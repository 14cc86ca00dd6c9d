"""The receiver, without a server."""
