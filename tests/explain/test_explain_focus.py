"""What is opened where nothing is named is what the screen says of it: the largest of its kind."""

import pytest
import torch
from explain_shapes import IDS, SHAPES, build, written

from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.explain.result import LETTERS, Explanation
from tfcli.view.explain.lines import Pen
from tfcli.view.explain.screen import screen


def shown(found: Explanation) -> str:
    return "\n".join(line.plain for line in screen(Pen(120), found))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_layer_and_the_heads_are_the_largest_of_their_kind(shape: str) -> None:
    model = build(shape, torch.float64)
    chosen = explain(model, IDS, Request(("block", "qkv")), **written(model))
    every = explain(model, IDS, Request(("block",), layers="all"), **written(model))
    assert chosen.block is not None and every.block is not None and chosen.qkv is not None
    crossed = every.block[0].cross_attention is not None
    kind = "cross-attention" if crossed else "attention"
    sizes = [step.cross_attention if crossed else step.attention for step in every.block]
    (layer,) = chosen.focus.layers
    assert sizes[layer] == max(size for size in sizes if size is not None)
    text = shown(chosen)
    assert f"largest {kind} |ΔE| of all layers" in text
    for ledger in chosen.qkv:
        block = f"{LETTERS[ledger.kind]}{ledger.layer}"
        assert f"HEAD {block}H{ledger.head}" in text
        assert f"moves it most of {block}'s heads" in text


def test_of_one_layer_or_head_nothing_is_said_to_be_the_largest() -> None:
    one = build("qwen3", num_layers=1, num_heads=1, num_kv_heads=1)
    text = shown(explain(one, IDS, Request(("block", "qkv"))))
    assert "LAYER 0  the only one" in text
    assert "largest" not in text and "moves it most" not in text
