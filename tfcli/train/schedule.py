"""The learning rate over the budget: warm up, hold, decay to zero."""


def learning_rate_scale(progress: float, warmup: float, decay: float) -> float:
    """Share of the peak learning rate at `progress` (0 to 1) of the budget.

    A trapezoid (Zhai et al. 2022; Hägele et al. 2024): it rises over the first `warmup`, holds,
    and falls linearly over the last `decay` of the budget.
    """
    rising = progress / warmup if warmup else 1.0
    falling = (1 - progress) / decay if decay else 1.0
    return max(0.0, min(1.0, rising, falling))
