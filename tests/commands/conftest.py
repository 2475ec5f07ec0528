"""Fixtures of the tests of training."""

from train_runs import corpus, processes  # noqa: F401
