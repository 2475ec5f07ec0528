"""An explanation as one HTML file: everything is in it, and it asks nobody for anything."""
