"""Changes to a run: parts taken away, scaled or taken from another prompt, and what follows."""
