"""Where the router sent each token, against the rule of its family written out."""

import math

import pytest
import torch
from explain_shapes import IDS, SHAPES, run

from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.model.config import Experts

SOFTMAX = Experts(
    count=6,
    chosen=2,
    intermediate_size=12,
    layers=(0, 2),
    shared_intermediate_size=8,
    shared_gate=True,
)


def build_routed(make_model, shape):
    if shape == "qwen2_moe":  # softmax over all, not divided by anything, a gate on the shared one
        return make_model("qwen3", torch.float64, experts=SOFTMAX)
    return make_model(shape, torch.float64)


def explained(model, ids=IDS, **wishes):
    return explain(model, ids, Request(("experts",), **wishes)).experts


def expected_weights(experts, logits, correction):
    """The chosen experts with their weights, by the rule of the configuration."""
    if experts.score == "topk_softmax":
        best = sorted(range(experts.count), key=lambda e: -logits[e])[: experts.chosen]
        parts = {e: math.exp(logits[e]) for e in best}
        return {e: part / sum(parts.values()) for e, part in parts.items()}
    if experts.score == "sigmoid":
        scores = [1 / (1 + math.exp(-x)) for x in logits]
    else:
        parts = [math.exp(x) for x in logits]
        scores = [part / sum(parts) for part in parts]
    judged = [s + c for s, c in zip(scores, correction, strict=True)]
    size = experts.count // experts.groups
    groups = [judged[g * size : (g + 1) * size] for g in range(experts.groups)]
    value = {"max": max, "top2": lambda group: sum(sorted(group)[-2:])}[experts.group_score]
    order = sorted(range(experts.groups), key=lambda g: -value(groups[g]))
    opened = order[: experts.chosen_groups]
    candidates = [e for e in range(experts.count) if e // size in opened]
    best = sorted(candidates, key=lambda e: -judged[e])[: experts.chosen]
    total = sum(scores[e] for e in best) if experts.normalise else 1.0
    return {e: experts.scale * scores[e] / total for e in best}


@pytest.mark.parametrize("shape", ["gpt_oss", "deepseek", "qwen2_moe"])
def test_weights_are_those_of_the_family_s_rule(make_model, shape):
    model = build_routed(make_model, shape)
    experts, trace = model.config.experts, run(model, IDS)
    found = explained(model, layers="all")
    assert [layer.layer for layer in found.layers] == list(experts.layers)
    assert [text.layer for text in found.texts] == list(experts.layers)
    for layer, text in zip(found.layers, found.texts, strict=True):
        module = model.blocks[layer.layer].feed_forward.router
        correction = [0.0] * experts.count
        if module.correction is not None:
            correction = module.correction.tolist()
        logits = trace.layers[layer.layer].feed_forward.router.logits[0].tolist()
        for token in text.tokens:
            expected = expected_weights(experts, logits[token.position], correction)
            assert {e.expert: e.weight for e in token.asked} == pytest.approx(expected, rel=1e-9)
            assert [e.logit for e in token.asked] == [
                logits[token.position][e.expert] for e in token.asked
            ]
            weights = [e.weight for e in token.asked]
            assert weights == sorted(weights, reverse=True)
        assert layer.asked == text.tokens[found.position].asked
        assert layer.weight == pytest.approx(sum(e.weight for e in layer.asked), rel=1e-12)
        sums = {"gpt_oss": 1.0, "deepseek": 2.5}
        if shape in sums:
            assert layer.weight == pytest.approx(sums[shape], rel=1e-9)
        else:
            assert 0 < layer.weight < 1
        load = [
            sum(e in {asked.expert for asked in token.asked} for token in text.tokens)
            for e in range(experts.count)
        ]
        assert list(layer.load) == load
        assert sum(load) == len(IDS) * experts.chosen and layer.idle == load.count(0)


@torch.inference_mode()
def test_the_shared_expert_s_gate(make_model):
    model = build_routed(make_model, "qwen2_moe")
    trace, found = run(model, IDS), explained(model)
    assert found.shared and (found.count, found.chosen) == (6, 2)
    for layer in found.layers:
        block = model.blocks[layer.layer]
        x = block.feed_forward_norm(trace.layers[layer.layer].residual_mid[0, found.position])
        gate = float(block.feed_forward.shared_gate.weight[0] @ x)
        assert layer.shared_weight == pytest.approx(1 / (1 + math.exp(-gate)), rel=1e-9)
    assert all(x.shared_weight == 1.0 for x in explained(make_model("deepseek")).layers)
    assert all(x.shared_weight is None for x in explained(make_model("gpt_oss")).layers)


def test_rules_in_words(make_model):
    rules = {
        shape: explained(build_routed(make_model, shape)).rule
        for shape in ("gpt_oss", "deepseek", "qwen2_moe")
    }
    assert rules == {
        "gpt_oss": "softmax over the chosen",
        "deepseek": "sigmoid, divided by their sum, × 2.5; from the best 2 of 4 groups",
        "qwen2_moe": "softmax over all",
    }


def test_where_the_opened_layer_has_no_experts_the_last_that_has_is_listed(make_model):
    model = make_model("deepseek")
    assert [text.layer for text in explained(model, layers=(0,)).texts] == [2]
    assert [text.layer for text in explained(model, layers=(0, 1)).texts] == [1]


def test_a_text_of_one_token(make_model):
    found = explained(make_model("gpt_oss"), ids=[3], layers="all")
    assert all(sum(layer.load) == 2 and layer.idle == 2 for layer in found.layers)


@pytest.mark.parametrize(
    "shape", [s for s in SHAPES if s not in ("gpt_oss", "deepseek", "marian", "bart", "t5")]
)
def test_a_model_without_experts_says_so(make_model, shape):
    found = explain(make_model(shape), IDS, Request(("experts",)))
    assert found.experts is None and "no experts" in found.omitted["experts"]
