"""Training: objective, optimisers, schedule, loop, run directory and resume."""
