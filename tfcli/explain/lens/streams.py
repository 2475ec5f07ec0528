"""Residual streams of a run, and the logits that the model's own end makes of one."""

from torch import Tensor

from tfcli.explain.logits.flow import frozen
from tfcli.explain.precision import unembed
from tfcli.model.trace import StackTrace
from tfcli.model.transformer import Transformer


def stream(trace: StackTrace) -> list[Tensor]:
    """The residual stream before the first block and after every one: [B, T, D] each."""
    return [trace.layers[0].residual_in, *(layer.residual_out for layer in trace.layers)]


def read_out(model: Transformer, x: Tensor) -> Tensor:
    """U·LN_f(x) of residual streams [n, D] → [n, V], in their own dtype.

    The final norm takes the mean and scale of each x itself, not those of the last layer.
    """
    norm = frozen(model.final_norm, x)
    normed, bias = norm.forward(x), norm.bias(x)
    return unembed(model, normed if bias is None else normed + bias)
