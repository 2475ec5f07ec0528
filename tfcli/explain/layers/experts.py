"""Experts: where the router sent each token (Shazeer et al. 2017; Fedus et al. 2022).

A mixture of experts has several feed-forward modules in a layer, and a router that sends each
token to a few of them: Σ over the chosen ones of weight · expert(x).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tfcli.explain.precision import blocks
from tfcli.explain.result import AskedExpert, RoutedLayer, RoutedText, RoutedToken, Routing
from tfcli.model.block import Block
from tfcli.model.config import Experts
from tfcli.model.experts import MixtureOfExperts
from tfcli.model.trace import LayerTrace, RouterTrace, Trace
from tfcli.model.transformer import Transformer


def routing(
    model: Transformer, trace: Trace, position: int, opened: Sequence[int], labels: Sequence[str]
) -> Routing | None:
    """Where the tokens went in every layer that has experts; None where no layer has.

    Args:
        opened: the layers in which every token is listed.
        labels: of the tokens.
    """
    experts = model.config.experts
    routers = {
        i: layer.feed_forward.router
        for i, layer in enumerate(trace.layers)
        if layer.feed_forward.router is not None
    }
    if experts is None or not routers:
        return None
    listed = [i for i in opened if i in routers] or [max(routers)]
    return Routing(
        position=position,
        count=experts.count,
        chosen=experts.chosen,
        shared=experts.shared_intermediate_size > 0,
        rule=_rule(experts),
        layers=tuple(
            _layer(i, blocks(model)[i], trace.layers[i], router, position)
            for i, router in routers.items()
        ),
        texts=tuple(RoutedText(i, _tokens(routers[i], labels)) for i in listed),
    )


def _layer(
    i: int, block: Block, layer: LayerTrace, router: RouterTrace, position: int
) -> RoutedLayer:
    asked = _asked(router, position)
    load = torch.bincount(router.chosen[0].flatten(), minlength=router.logits.shape[-1])
    return RoutedLayer(
        layer=i,
        asked=asked,
        weight=sum(expert.weight for expert in asked),
        shared_weight=_shared_weight(block, layer, position),
        load=tuple(load.tolist()),
        idle=int((load == 0).sum()),
    )


def _asked(router: RouterTrace, position: int) -> tuple[AskedExpert, ...]:
    chosen: list[int] = router.chosen[0, position].tolist()
    logits, weights = router.logits[0, position], router.weights[0, position]
    found = [
        AskedExpert(expert, float(logits[expert]), float(weights[expert])) for expert in chosen
    ]
    return tuple(sorted(found, key=lambda asked: (-asked.weight, asked.expert)))


def _tokens(router: RouterTrace, labels: Sequence[str]) -> tuple[RoutedToken, ...]:
    return tuple(RoutedToken(i, label, _asked(router, i)) for i, label in enumerate(labels))


def _shared_weight(block: Block, layer: LayerTrace, position: int) -> float | None:
    """1, or where the shared expert has a gate, what that lets through."""
    module = block.feed_forward
    assert isinstance(module, MixtureOfExperts)
    if module.shared is None:
        return None
    if module.shared_gate is None:
        return 1.0
    x = expert_input(block, layer, position)
    return float(torch.sigmoid(module.shared_gate(x)))


def expert_input(block: Block, layer: LayerTrace, position: int) -> Tensor:
    """What the feed-forward module read at the position, in the numbers of the run: [1, D]."""
    read = layer.residual_in if block.parallel else layer.residual_mid
    x = read[0, position : position + 1]
    return x if block.feed_forward_norm is None else block.feed_forward_norm(x)


def _rule(experts: Experts) -> str:
    if experts.score == "topk_softmax":
        words = "softmax over the chosen"
    elif experts.score == "sigmoid":
        words = "sigmoid"
    else:
        words = "softmax over all"
    if experts.normalise:
        words += ", divided by their sum"
    if experts.scale != 1:
        words += f", × {experts.scale:g}"
    if experts.groups > 1:
        words += f"; from the best {experts.chosen_groups} of {experts.groups} groups"
    return words
