"""What people ask of the store: look, redrive, replay, pause, remove. Beside the way of a delivery, never on it."""
