"""Credit: which part of the model wrote how much of a token's logit."""

import math
from typing import TYPE_CHECKING

from torch import Tensor

from tfcli.explain.labels import label
from tfcli.explain.precision import TOLERANCES, at
from tfcli.explain.result import Credit, LayerCredit
from tfcli.model.trace import Trace
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer


def logit_credit(
    model: Transformer,
    trace: Trace,
    position: int,
    target: int,
    tokenizer: "Tokenizer | None",
) -> Credit:
    """Direct logit attribution of one token (Elhage et al. 2021; Wang et al. 2022).

    The last residual stream is a sum, x = embedding + position + Σ attention + Σ feed-forward,
    and the final norm is linear once its scale σ is held at that of x. So each part c adds
    ⟨c, center(γ ⊙ U_t)⟩ / σ to the logit of t (RMSNorm: no centring), and the norm's bias adds
    β·U_t. The parts sum to the logit exactly; what a part would do to σ is not counted.
    """
    norm = model.final_norm
    scale = norm.scale(at(trace.layers[-1].residual_out, position))  # [1]
    unembedding = model.head.weight[target].to(scale.dtype)  # [D]

    def credit(vectors: Tensor) -> float:
        return float(norm.apply_frozen(at(vectors, position), scale) @ unembedding)

    layers: list[LayerCredit] = []
    for i, layer in enumerate(trace.layers):
        attention = credit(layer.attention.output)
        feed_forward = credit(layer.feed_forward.output)
        layers.append(LayerCredit(i, attention, feed_forward, attention + feed_forward))
    bias = 0.0 if norm.bias is None else float(norm.bias.to(scale.dtype) @ unembedding)
    if model.head.bias is not None:
        bias += float(model.head.bias[target])
    embedding = credit(trace.token_embedding)
    learned = None if trace.position_embedding is None else credit(trace.position_embedding)
    total = embedding + (learned or 0.0) + sum(layer.both for layer in layers) + bias
    logits = at(trace.logits, position)
    error = _relative(abs(total - float(logits[target])), float(logits.abs().max()))
    return Credit(
        target_id=target,
        target_label=label(tokenizer, target),
        logit=float(logits[target]),
        total=total,
        error=error,
        adds_up=error <= TOLERANCES[model.dtype],
        scale=float(scale),
        embedding=embedding,
        position=learned,
        attention=sum(layer.attention for layer in layers),
        feed_forward=sum(layer.feed_forward for layer in layers),
        bias=bias,
        layers=tuple(layers),
    )


def _relative(difference: float, size: float) -> float:
    if difference == 0:
        return 0.0
    return difference / size if size else math.inf
