"""When a run keeps a model on its way: at shares of the budget that grow by a constant factor.

A model learns most at the beginning, so that snapshots at equal distances would miss how things
form. Biderman et al. 2023 (Pythia) keep steps 1, 2, 4, … for the same reason.
"""

import math

from tfcli.train.config import TrainConfig

_COUNT = 12
_FIRST_SHARE = 0.001
_LARGEST_BYTES = 256e6
_FLOAT_BYTES = 4


def count_snapshots(config: TrainConfig, parameters: int) -> int:
    """How many a run is to keep: what was asked for, else 12 where these are small."""
    if config.snapshots is not None:
        return config.snapshots
    return _COUNT if _COUNT * _FLOAT_BYTES * parameters <= _LARGEST_BYTES else 0


def shares(count: int) -> tuple[float, ...]:
    """The shares of the budget to keep a model at: none of it, and then from a thousandth on.

    The next one would be the whole budget, whose model is in last/.
    """
    later = (_FIRST_SHARE ** ((count - k) / (count - 1)) for k in range(1, count))
    return (0.0, *later) if count else ()


def passed(count: int, done: float) -> int:
    """How many of the shares are reached where `done` of the budget is spent."""
    return sum(share <= done for share in shares(count))


def models_kept(count: int, steps: int) -> int:
    """How many models a run of so many steps keeps; a short one passes several shares a step."""
    at = {math.ceil(share * steps) for share in shares(count)}
    return len({step for step in at if step < steps})
