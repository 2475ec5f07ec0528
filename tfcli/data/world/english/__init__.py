"""The English half of the world: tables and wordings, a file per subject."""
