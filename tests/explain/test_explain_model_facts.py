"""What the explanation says that a model is."""

import pytest
from explain_shapes import IDS, SHAPES, build, written

from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.explain.result import ExpertFacts, LatentFacts, WindowFacts


@pytest.mark.parametrize("shape", SHAPES)
def test_what_only_some_models_have(shape):
    model = build(shape)
    facts = explain(model, IDS, Request(("model",)), **written(model)).model
    experts = {
        "gpt_oss": ExpertFacts(4, 2, shared=False, layers=3),
        "deepseek": ExpertFacts(8, 3, shared=True, layers=2),
    }
    assert facts.experts == experts.get(shape)
    windowed = shape in ("gemma2", "gpt_oss")
    assert facts.window == (WindowFacts(4, 2) if windowed else None)
    assert facts.latent == (LatentFacts(8, 10, 4) if shape == "deepseek" else None)
    blocks = [hasattr(block.feed_forward, "router") for block in model.blocks]
    assert sum(blocks) == (facts.experts.layers if facts.experts else 0)
