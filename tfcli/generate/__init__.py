"""Generation: sampling and the decoding loop."""
