"""`trial`, of a whole pipeline or of handlers alone."""
