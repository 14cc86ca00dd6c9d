"""How the broker reaches the server."""
