"""From which tokens a vector comes: measures of how the attention of all layers mixes them."""
