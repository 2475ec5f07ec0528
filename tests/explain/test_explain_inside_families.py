"""Every family of the core, and every switch that one has, looked into: gradients and neurons."""

import pytest
import torch
from family_configs import NAMES, config_of
from tiny import redraw

from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.model.transformer import Transformer

IDS = [7, 11, 3, 19, 11, 3, 5]
WRITTEN = [3, 9, 4]
SECTIONS = ("residual", "memories", "experts", "sampling", "surprisal", "norms")


@pytest.mark.parametrize("name", NAMES)
def test_gradients_and_neurons_add_up_on_every_family(name):
    model = Transformer(config_of(name))
    redraw(model)
    model = model.double().eval()
    pair = model.encoder is not None
    read = {"decoder_ids": WRITTEN} if pair else {}
    found = explain(model, IDS, Request(SECTIONS, layers="all"), **read)
    causal, head = model.config.causal, model.head is not None
    assert (found.sampling is None) == (found.surprisal is None) == (not causal or not head)
    assert (found.experts is None) == (model.config.experts is None)
    assert found.norms is not None and found.residual is not None
    for layer in found.memories.layers if found.memories is not None else ():
        total = sum(n.effect for n in layer.listed) + layer.others_effect + layer.bias_effect
        sizes = sum(abs(n.effect) for n in layer.listed) + abs(layer.bias_effect)
        assert total == pytest.approx(layer.effect, abs=1e-11 * max(sizes, 1.0))
    if not head:
        return
    kept: list[torch.Tensor] = []
    hooks = [
        block.register_forward_pre_hook(lambda _, args: kept.append(args[0]))
        for block in model.blocks
    ]
    batch = {"decoder_ids": torch.tensor([WRITTEN])} if pair else {}
    logits = model(torch.tensor([IDS]), **batch)
    for hook in hooks:
        hook.remove()
    log_p = logits[0, found.residual.position].log_softmax(-1)[found.residual.answer_id]
    expected = torch.autograd.grad(log_p, kept)
    for row, whole in zip(found.residual.rows, expected, strict=True):
        assert row.gradients.everywhere == pytest.approx(float(whole.norm()), rel=1e-10)
