"""Explanations that are kept in a file, and looked at later without the model."""
