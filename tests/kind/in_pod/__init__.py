"""Scripts that the tests run in pods of our image, with nothing but Python's library."""
