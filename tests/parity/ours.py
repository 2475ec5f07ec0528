"""Our model of a checkpoint, opened once a session, and how it is compared."""

from functools import cache
from typing import Any

import torch
from parity.checkpoints import VARIANTS, checkpoint
from parity.reference import Inputs, inputs
from torch import Tensor

from tfcli.api import load_model

LOGITS = 1e-4  # transformers' own float32 is up to 2.5e-5 from its float64 here
ATTENTION = 1e-5
RESIDUAL = 1e-5  # times the largest number in it


@cache
def ours(name: str) -> Any:
    """The variant, through our public API."""
    return load_model(checkpoint(name), device="cpu")


@cache
def traced(name: str, side: str = "") -> Any:
    """Our trace for `inputs(variant, side)`."""
    return ours(name).trace(**inputs(VARIANTS[name], side).ours())


def compute(model: Any, given: Inputs) -> Tensor:
    """Our logits [2, T, V], or hidden states [2, T, D] where there is no head."""
    if not model.config.head:
        return model.trace(**given.ours()).final_norm_out
    return model(**given.ours())


def difference(found: Tensor, expected: Tensor) -> float:
    """The largest difference; infinite where the shapes differ or something is no number."""
    if found.shape != expected.shape or not bool(torch.isfinite(found).all()):
        return float("inf")
    return float((found.detach().float() - expected.float()).abs().max())


def tensors(model: Any) -> dict[str, Tensor]:
    """Every number that our model was given by the file, under our names."""
    return dict(model.model.state_dict())


def same_tensors(one: Any, other: Any) -> bool:
    """Whether two of our models hold exactly the same numbers in the same configuration."""
    first, second = tensors(one), tensors(other)
    return (
        one.config == other.config
        and first.keys() == second.keys()
        and all(torch.equal(first[key], second[key]) for key in first)
    )
