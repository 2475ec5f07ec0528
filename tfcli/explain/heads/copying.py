"""Whether a head writes what it reads: the eigenvalues of the way from token to token."""

import math

import torch
from torch import Tensor

from tfcli.explain.applies import NotForThisModelError
from tfcli.explain.heads.attention import output_of_heads
from tfcli.explain.heads.sites import AnyAttention
from tfcli.explain.precision import blocks
from tfcli.model.attention import Attention
from tfcli.model.transformer import Transformer

_ROWS_AT_ONCE = 16_384


@torch.inference_mode()
def copying(model: Transformer) -> Tensor:
    """Σλ / Σ|λ| over the eigenvalues λ of U·W_OV·E, for every head: [L, H], from -1 to 1.

    A head that looks at a token adds W_OV·E of it to the logits through U; where that raises the
    token's own logit, and those of tokens like it, the eigenvalues are positive: 1 is a head that
    copies (Elhage et al. 2021). The matrix is V × V, but its eigenvalues that are not 0 are those
    of W_O·(UᵀE)·W_V, which is as small as a head. Norms, biases and positions are ignored.

    Raises:
        NotForThisModelError: there is no straight way from a token to its logit.
    """
    if model.head is None:
        raise NotForThisModelError("copying needs an output matrix, and this model has none")
    if model.config.head_transform:
        raise NotForThisModelError(
            "an activation before the output matrix: no matrix leads from token to logit"
        )
    met = _tokens_met(model.head.weight, model.embedding.weight)  # [D, D]
    return torch.stack([_fractions(block.attention, met) for block in blocks(model)]).cpu()


def _fractions(module: AnyAttention, met: Tensor) -> Tensor:
    """Of one layer's heads: [H]. In float64, for eigenvalues may cancel."""
    w_o = output_of_heads(module, torch.float64)  # [H, Dv, D]
    small = w_o @ met @ _values_of_heads(module).transpose(-1, -2)  # [H, Dv, Dv]
    values = torch.linalg.eigvals(small)
    size = values.abs().sum(-1)
    return torch.where(size > 0, values.real.sum(-1) / size, math.nan)


def _values_of_heads(module: AnyAttention) -> Tensor:
    """W_V as each query head has it: [H, Dv, D]."""
    config = module.config
    if isinstance(module, Attention):
        shared = module.v.weight.double().view(config.num_kv_heads, -1, config.hidden_size)
        return shared.repeat_interleave(config.num_heads // config.num_kv_heads, dim=0)
    rank = module.latent.kv_rank
    up = module.kv_up.weight.double().view(config.num_heads, -1, rank)
    return up[:, module.plain_dim :] @ module.kv_down.weight[:rank].double()


def _tokens_met(output: Tensor, embedding: Tensor) -> Tensor:
    """UᵀE: [D, D] in float64, a slice of the vocabulary at a time."""
    width = embedding.shape[1]
    total = torch.zeros(width, width, dtype=torch.float64, device=embedding.device)
    pairs = zip(output.split(_ROWS_AT_ONCE), embedding.split(_ROWS_AT_ONCE), strict=True)
    for u, e in pairs:
        total += u.double().T @ e.double()
    return total
