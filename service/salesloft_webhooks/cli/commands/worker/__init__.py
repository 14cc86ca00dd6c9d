"""`worker`, and how it is started anew while one develops."""
