"""Corpus readers, token shards, batches, and the embedded corpus."""
