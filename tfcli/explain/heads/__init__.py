"""Attention by head: rows, what each head wrote from each token, and one measure of all heads."""
