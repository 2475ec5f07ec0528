"""Credit: which part of the model wrote how much of a token's logit."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from tfcli.explain.logits.flow import Passage, directions, embedding_parts, last_norm, passages
from tfcli.explain.precision import TOLERANCES, at, blocks, uncapped, working_dtype
from tfcli.explain.result import Credit, LayerCredit
from tfcli.explain.text.labels import label
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
    against: int | None = None,
) -> Credit:
    """Direct logit attribution of one token (Elhage et al. 2021; Wang et al. 2022).

    The last residual stream is a sum, x = embedding + position + Σ attention + Σ feed-forward,
    and every norm on the way to the logit is linear once its scale σ is held at that of the whole
    vector. So each part c adds ⟨c, d⟩ to the logit of t, where d is the output row U_t carried
    back through these norms (behind the last norm alone: center(γ ⊙ U_t) / σ; RMSNorm: no
    centring), and the norms' biases add their own part. The parts sum to the logit exactly, or,
    in a model with a soft-cap, to the logit before it; what a part would do to σ is not counted.

    Args:
        against: a second token s: everything is then of the difference of both logits, with
            U_t - U_s for U_t (Wang et al. 2022): what speaks for t rather than s.
    """
    assert model.head is not None
    last = last_norm(model, trace, position)
    way = directions(model, trace, position, output_row(model, trace, target, against))
    layers = [
        _layer_credit(i, passages(block, layer, position), way.added[i])
        for i, (block, layer) in enumerate(zip(blocks(model), trace.layers, strict=True))
    ]
    parts = {
        name: float(part @ way.embedding) for name, part in embedding_parts(trace, position).items()
    }
    logits = uncapped(model, at(trace.head_in, position)[None])[0]
    logit = _less(logits, target, against)
    bias = way.bias + (0.0 if model.head.bias is None else _less(model.head.bias, target, against))
    total = sum(parts.values()) + sum(layer.both for layer in layers) + bias
    error = _relative(abs(total - logit), float(logits.abs().max()))
    crossed = [layer.cross_attention for layer in layers if layer.cross_attention is not None]
    return Credit(
        target_id=target,
        target_label=label(tokenizer, target),
        logit=logit,
        total=total,
        error=error,
        adds_up=error <= TOLERANCES[model.dtype],
        scale=None if last.scale is None else float(last.scale),
        embedding=parts["embedding"],
        position=parts.get("position"),
        segment=parts.get("segment"),
        attention=sum(layer.attention for layer in layers),
        cross_attention=sum(crossed) if crossed else None,
        feed_forward=sum(layer.feed_forward for layer in layers),
        bias=bias,
        layers=tuple(layers),
        softcap=model.config.logit_softcap,
        against_id=against,
        against_label=None if against is None else label(tokenizer, against),
    )


def output_row(model: Transformer, trace: Trace, target: int, against: int | None) -> Tensor:
    """The direction of a token's logit in what comes out of the final norm [D].

    Args:
        against: a token whose direction is taken away; None for none.
    """
    assert model.head is not None
    dtype = working_dtype(trace.head_in.dtype)
    row = model.head.weight[target].to(dtype)
    if against is not None:
        row = row - model.head.weight[against].to(dtype)
    return row * model.config.output_scale


def credit_gap(model: Transformer) -> str | None:
    """Why a model's logits are no sum of parts, in one line; None where they are."""
    if model.config.head_transform:
        return "an activation before the output matrix: the logit is no sum of parts"
    return None


def _layer_credit(layer: int, found: Sequence[Passage], way: Mapping[str, Tensor]) -> LayerCredit:
    parts = {passage.kind: float(passage.delta @ way[passage.kind]) for passage in found}
    return LayerCredit(
        layer=layer,
        attention=parts["attention"],
        feed_forward=parts["feed-forward"],
        both=sum(parts.values()),
        cross_attention=parts.get("cross-attention"),
    )


def _less(values: Tensor, target: int, against: int | None) -> float:
    return float(values[target]) - (0.0 if against is None else float(values[against]))


def _relative(difference: float, size: float) -> float:
    if difference == 0:
        return 0.0
    return difference / size if size else math.inf
