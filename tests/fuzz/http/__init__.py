"""HTTP/1.1 requests that no well-behaved client sends, and what a parser that nobody here wrote makes of them."""
