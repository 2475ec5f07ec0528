"""The layers: shapes, streams, norms, memories, experts, and what they cost."""
