"""Models from a hub: which files are taken, how they come, where they lie."""
