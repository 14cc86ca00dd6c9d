"""People are told: on a real store, through Apprise, at a real HTTP server."""
