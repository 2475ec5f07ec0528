"""The feed-forward module as a memory: neurons that fire, and the words that each one writes.

A feed-forward module is a sum over its neurons, Σ_i m_i v_i + b: what neuron i fired, times a row
of the down projection. Geva et al. 2021 (“Transformer Feed-Forward Layers Are Key-Value Memories”)
read the neurons as keys and the rows as values; Geva et al. 2022 read a value as the tokens that
it promotes, U·v_i. Here the value passes the norms on its way with their σ held, as in the credit,
so that the neurons' effects on a logit sum to the credit of their module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tfcli.explain.layers.experts import expert_input
from tfcli.explain.logits.flow import Directions, passages, to_the_end
from tfcli.explain.precision import at, blocks, uncapped
from tfcli.explain.result import LayerMemories, Neuron, Promoted
from tfcli.explain.text.labels import label
from tfcli.model.block import Block
from tfcli.model.experts import MixtureOfExperts
from tfcli.model.feed_forward import FeedForward
from tfcli.model.trace import LayerTrace, Trace
from tfcli.model.transformer import Transformer

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_LISTED = 10
_TOKENS = 8


@dataclass(frozen=True, eq=False)
class Neurons:
    """The neurons of a module at one position, in the dtype of measures.

    Attributes:
        fired: what each one fired, times what its expert counts [N].
        values: the row that each one writes [N, D].
        names: of each: its expert or None, whether it is of the shared one, its index there.
        experts: the chosen experts.
        bias: what the module adds besides [D]; None where it adds nothing.
    """

    fired: Tensor
    values: Tensor
    names: Sequence[tuple[int | None, bool, int]]
    experts: tuple[int, ...]
    bias: Tensor | None


def neurons(block: Block, layer: LayerTrace, position: int) -> Neurons:
    """The neurons that a token met in a block; of experts, those of the ones that it went to."""
    module = block.feed_forward
    if isinstance(module, MixtureOfExperts):
        return _experts_neurons(block, module, layer, position)
    assert isinstance(module, FeedForward) and layer.feed_forward.inner is not None
    fired = at(layer.feed_forward.inner, position)
    bias = module.down.bias
    return Neurons(
        fired,
        module.down.weight.T.to(fired.dtype),
        [(None, False, i) for i in range(len(fired))],
        (),
        None if bias is None else bias.to(fired.dtype),
    )


def layer_memories(
    model: Transformer,
    trace: Trace,
    position: int,
    layer: int,
    way: Directions,
    tokenizer: "Tokenizer | None" = None,
) -> LayerMemories:
    """One layer's neurons at the position, those that wrote most with the words they wrote.

    Args:
        way: the direction of the answer's logit, carried back.
    """
    ran = trace.layers[layer]
    found = neurons(blocks(model)[layer], ran, position)
    norms = found.fired.abs() * found.values.norm(dim=-1)  # [N]
    effects = found.fired * (found.values @ way.modules[layer]["feed-forward"])  # [N]
    order = torch.sort(norms, descending=True, stable=True).indices
    first = order[:_LISTED]
    held = norms[order].cumsum(0)
    written = torch.cat(
        ((found.fired[:, None] * found.values)[first], at(ran.feed_forward.output, position)[None])
    )
    logits = _logits(model, to_the_end(model, trace, position, layer, written))  # [n + 1, V]
    promoted = [_extremes(row, tokenizer) for row in logits]
    listed = [
        Neuron(
            *found.names[i],
            activation=float(found.fired[i]),
            norm=float(norms[i]),
            effect=float(effects[i]),
            promoted=most,
            suppressed=least,
        )
        for i, (most, least) in zip(first.tolist(), promoted, strict=False)
    ]
    module = passages(blocks(model)[layer], ran, position)[-1]
    return LayerMemories(
        layer=layer,
        experts=found.experts,
        neurons=len(norms),
        fired=int((found.fired != 0).sum()),
        half=1 + int((held < held[-1] / 2).sum()) if float(held[-1]) else 0,
        listed=tuple(listed),
        others=len(norms) - len(listed),
        others_effect=float(effects[order[_LISTED:]].sum()),
        bias_effect=_bias_effect(found, module.branch.bias(norms), way, layer),
        effect=float(module.delta @ way.added[layer]["feed-forward"]),
        norm=float(module.delta.norm()),
        promoted=promoted[-1][0],
        suppressed=promoted[-1][1],
    )


def _experts_neurons(
    block: Block, module: MixtureOfExperts, layer: LayerTrace, position: int
) -> Neurons:
    """Of every expert that the token went to, and of the shared one; computed again."""
    router = layer.feed_forward.router
    assert router is not None
    x = expert_input(block, layer, position)
    weights = at(router.weights, position)
    chosen = sorted(router.chosen[0, position].tolist())
    fired: list[Tensor] = []
    values: list[Tensor] = []
    names: list[tuple[int | None, bool, int]] = []
    bias = torch.zeros_like(at(layer.residual_mid, position))
    for expert in chosen:
        counts = weights[expert].to(bias.dtype)
        fired.append(module.experts.neurons(expert, x)[0].to(bias.dtype) * counts)
        values.append(module.experts.down[expert].T.to(bias.dtype))
        if module.experts.down_bias is not None:
            bias = bias + counts * module.experts.down_bias[expert].to(bias.dtype)
        names += [(expert, False, i) for i in range(len(fired[-1]))]
    if module.shared is not None:
        counts = torch.ones_like(bias[:1])
        if module.shared_gate is not None:
            counts = torch.sigmoid(module.shared_gate(x))[0].to(bias.dtype)
        fired.append(module.shared.neurons(x)[0].to(bias.dtype) * counts)
        values.append(module.shared.down.weight.T.to(bias.dtype))
        if module.shared.down.bias is not None:
            bias = bias + counts * module.shared.down.bias.to(bias.dtype)
        names += [(None, True, i) for i in range(len(fired[-1]))]
    return Neurons(torch.cat(fired), torch.cat(values), names, tuple(chosen), bias)


def _bias_effect(found: Neurons, norm_bias: Tensor | None, way: Directions, layer: int) -> float:
    effect = 0.0
    if found.bias is not None:
        effect += float(found.bias @ way.modules[layer]["feed-forward"])
    if norm_bias is not None:
        effect += float(norm_bias @ way.added[layer]["feed-forward"])
    return effect


def _logits(model: Transformer, vectors: Tensor) -> Tensor:
    """What vectors [n, D] behind the last norm add to the logits [n, V]."""
    assert model.head is not None
    logits = uncapped(model, vectors * model.config.output_scale)
    bias = model.head.bias
    return logits if bias is None else logits - bias.to(logits.dtype)


def _extremes(
    logits: Tensor, tokenizer: "Tokenizer | None"
) -> tuple[tuple[Promoted, ...], tuple[Promoted, ...]]:
    """The tokens whose logits rose most, and those whose fell most."""
    order = torch.sort(logits, descending=True, stable=True).indices
    count = min(_TOKENS, len(order) // 2)

    def named(ids: Sequence[int]) -> tuple[Promoted, ...]:
        return tuple(Promoted(i, label(tokenizer, i), float(logits[i])) for i in ids)

    return named(order[:count].tolist()), named(order.flip(0)[:count].tolist())
