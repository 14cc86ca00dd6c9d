"""Of what people are told, and when."""
