"""The text and its tokens: labels, words, their vectors, and how surprising they are."""
