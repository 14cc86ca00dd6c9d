"""Calling the HTTP endpoints of others: requests, signatures, retries, the breaker."""
