"""Several models, or stages of one, on one prompt."""
