"""The Chinese half of the world: tables and wordings, a file per subject."""
