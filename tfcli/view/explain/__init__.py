"""What `tfcli explain` shows: a file for each section's lines, the whole screen, and the schema."""
