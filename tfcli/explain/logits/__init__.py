"""The output: the next-token table, how it is sampled, and which part wrote a logit."""
