"""What of the console needs no store and no browser."""
