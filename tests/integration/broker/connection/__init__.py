"""The connections of the broker against real servers."""
