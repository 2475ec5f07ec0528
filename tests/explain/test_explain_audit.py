"""The audit catches a model that computes something else than it says: one mistake a check."""

import dataclasses
import math

import pytest
import torch
from explain_shapes import SHAPES, written

from tfcli.errors import TfcliError
from tfcli.explain.explanation import explain
from tfcli.explain.logits.flow import FrozenNorm
from tfcli.explain.request import Request
from tfcli.model.attention import Attention, Mixing
from tfcli.model.block import Block
from tfcli.model.latent_attention import LatentAttention
from tfcli.model.norm import LayerNorm, RMSNorm
from tfcli.model.trace import AttentionTrace
from tfcli.model.transformer import Transformer

ONLY_AUDIT = Request(sections=("audit",))
ENCODERS = ["bert", "vectors"]
PAIRS = ["marian", "bart", "t5"]
CAUSAL = [shape for shape in SHAPES if shape not in ENCODERS]
WITH_LAYER_NORM = ["gpt2", "gpt_neox", "every-norm", "bert", "vectors", "marian", "bart"]
WITH_BIAS = [*WITH_LAYER_NORM, "gpt_oss"]


def failed(model, ids) -> set[str]:
    found = explain(model, ids, ONLY_AUDIT, **written(model)).audit
    assert found is not None
    names = {check.name for check in found.checks if not check.passed}
    assert found.passed == (not names)
    return names


def checks_of_norms(model) -> set[str]:
    """The checks in which a norm of the residual stream has a part."""
    config = model.config
    found = {"logit", "lens"} if config.final_norm else set()
    if config.branch_norm or config.post_norm or config.embedding_norm:
        found.add("residual")
    if config.post_norm or config.embedding_norm:
        found.add("logit")
    return found & checks(model)


def checks(model) -> set[str]:
    """All checks that a model has."""
    found = {"rows", "ΔE", "residual", "SDPA"}
    if model.head is not None:
        found |= {"lens"} if model.config.head_transform else {"lens", "logit"}
    return found


def test_a_sound_model_passes(make_model, shape, ids):
    model = make_model(shape)
    assert failed(model, ids) == set()
    found = explain(model, ids, ONLY_AUDIT, **written(model)).audit
    assert {check.name for check in found.checks} == checks(model)


def is_cross(mixing, q, k):
    return not mixing.causal and q.shape[2] != k.shape[2]


def is_both_ways(mixing, q, k):
    return not mixing.causal and q.shape[2] == k.shape[2]


def without_a_mask(mix, mixing, q, k, v, mask):
    return mix(dataclasses.replace(mixing, causal=False), q, k, v, None)


def with_another_scale(mix, mixing, q, k, v, mask):
    return mix(dataclasses.replace(mixing, scale=1.01 * mixing.scale), q, k, v, mask)


def with_the_shared_heads_mixed_up(mix, mixing, q, k, v, mask):
    return mix(mixing, q, k, v.flip(1), mask)


def without_its_sink(mix, mixing, q, k, v, mask):
    return mix(dataclasses.replace(mixing, sinks=None), q, k, v, mask)


def without_its_cap(mix, mixing, q, k, v, mask):
    return mix(dataclasses.replace(mixing, softcap=None), q, k, v, mask)


def with_another_scale_across(mix, mixing, q, k, v, mask):
    factor = 1.01 if is_cross(mixing, q, k) else 1.0
    return mix(dataclasses.replace(mixing, scale=factor * mixing.scale), q, k, v, mask)


def with_another_scale_both_ways(mix, mixing, q, k, v, mask):
    factor = 1.01 if is_both_ways(mixing, q, k) else 1.0
    return mix(dataclasses.replace(mixing, scale=factor * mixing.scale), q, k, v, mask)


BROKEN_KERNELS = [
    (without_a_mask, CAUSAL),
    (with_another_scale, list(SHAPES)),
    # one shared head cannot be mixed up with another
    (with_the_shared_heads_mixed_up, [s for s in SHAPES if s != "qwen3-untied"]),
    (without_its_sink, ["gpt_oss"]),
    (without_its_cap, ["gemma2"]),
    (with_another_scale_across, PAIRS),
    (with_another_scale_both_ways, PAIRS + ENCODERS),
]


@pytest.mark.parametrize(
    ("kernel", "shape"),
    [(kernel, shape) for kernel, shapes in BROKEN_KERNELS for shape in shapes],
    indirect=["shape"],
)
def test_a_broken_attention_kernel(make_model, shape, ids, monkeypatch, kernel):
    mix = Mixing.mix
    monkeypatch.setattr(Mixing, "mix", lambda self, q, k, v, mask: kernel(mix, self, q, k, v, mask))
    assert failed(make_model(shape), ids) == {"SDPA", "ΔE"}


def patch_outputs(monkeypatch, change):
    """Make every attention give something else than its heads and bias."""
    for kind in (Attention, LatentAttention):
        forward = kind.forward

        def changed(self, *args, forward=forward, **kwargs):
            output, trace = forward(self, *args, **kwargs)
            output = change(self, output)
            return output, trace and dataclasses.replace(trace, output=output)

        monkeypatch.setattr(kind, "forward", changed)


def test_an_attention_that_adds_more_than_its_heads(make_model, shape, ids, monkeypatch):
    patch_outputs(monkeypatch, lambda module, output: 1.001 * output)
    assert failed(make_model(shape), ids) == {"ΔE"}


@pytest.mark.parametrize("shape", WITH_BIAS, indirect=True)
def test_an_attention_that_forgets_its_bias(make_model, shape, ids, monkeypatch):
    patch_outputs(monkeypatch, lambda module, output: output - module.o.bias)
    assert failed(make_model(shape), ids) == {"ΔE"}


def test_a_block_that_loses_part_of_the_stream(make_model, shape, ids, monkeypatch):
    forward = Block.forward

    def less(self, *args, **kwargs):
        output, trace = forward(self, *args, **kwargs)
        output = 0.999 * output
        return output, trace and dataclasses.replace(trace, residual_out=output)

    monkeypatch.setattr(Block, "forward", less)
    model = make_model(shape)
    assert failed(model, ids) == {"residual", "logit"} & checks(model)


@pytest.mark.parametrize("shape", PAIRS, indirect=True)
def test_a_block_of_the_encoder_that_loses_part_of_the_stream(make_model, shape, ids, monkeypatch):
    forward = Block.forward

    def less(self, *args, **kwargs):
        output, trace = forward(self, *args, **kwargs)
        output = output if self.attention.causal else 0.999 * output
        return output, trace and dataclasses.replace(trace, residual_out=output)

    monkeypatch.setattr(Block, "forward", less)
    assert failed(make_model(shape), ids) == {"residual"}


@pytest.mark.parametrize("kind", [RMSNorm, LayerNorm])
def test_a_wrong_scale_of_the_norms(make_model, shape, ids, monkeypatch, kind):
    model = make_model(shape)
    scale = kind.scale
    monkeypatch.setattr(kind, "scale", lambda self, x: 1.01 * scale(self, x))
    expected = checks_of_norms(model) if model.config.norm == kind.__name__[:-4].lower() else set()
    assert failed(model, ids) == expected


@pytest.mark.parametrize("kind", [RMSNorm, LayerNorm])
def test_a_wrong_weight_of_the_norms(make_model, shape, ids, monkeypatch, kind):
    model = make_model(shape)
    forward = kind.forward
    monkeypatch.setattr(kind, "forward", lambda self, x: 1.001 * forward(self, x))
    expected = checks_of_norms(model) if model.config.norm == kind.__name__[:-4].lower() else set()
    assert failed(model, ids) == expected


@pytest.mark.parametrize("shape", WITH_LAYER_NORM, indirect=True)
def test_norms_that_forget_their_bias(make_model, shape, ids, monkeypatch):
    """A norm's β reaches the logit through U; a credit without it is caught."""
    model = make_model(shape)
    forward = LayerNorm.forward
    monkeypatch.setattr(LayerNorm, "forward", lambda self, x: forward(self, x) - self.bias)
    assert failed(model, ids) == checks_of_norms(model)


def test_a_credit_that_forgets_the_weights_of_norms(make_model, shape, ids, monkeypatch):
    def unweighted(self, direction):
        return direction if self.scale is None else direction / self.scale

    model = make_model(shape)
    monkeypatch.setattr(FrozenNorm, "back", unweighted)
    assert failed(model, ids) == {"logit"} & checks(model)


@pytest.mark.parametrize("shape", ["gemma2"], indirect=True)
def test_logits_that_are_not_capped(make_model, shape, ids, monkeypatch):
    monkeypatch.setattr(Transformer, "output", lambda self, x: self.head(x))
    assert failed(make_model(shape), ids) == {"lens"}


def test_rows_that_do_not_sum_to_one(make_model, shape, ids, monkeypatch):
    rows = AttentionTrace.rows
    monkeypatch.setattr(AttentionTrace, "rows", lambda self, *a, **k: 1.0001 * rows(self, *a, **k))
    assert "rows" in failed(make_model(shape), ids)


@pytest.mark.parametrize("shape", ["gpt_oss"], indirect=True)
def test_rows_without_what_the_sinks_take(make_model, shape, ids, monkeypatch):
    monkeypatch.setattr(AttentionTrace, "sink_weights", lambda self, queries: None)
    assert failed(make_model(shape), ids) == {"rows"}


@pytest.mark.parametrize("shape", CAUSAL, indirect=True)
def test_rows_that_look_ahead(make_model, shape, ids, monkeypatch):
    scores = AttentionTrace.scores

    def unmasked(self, heads=None, queries=None):
        found = scores(self, heads, queries)
        return found.masked_fill(found < -1e30, 0.0)

    monkeypatch.setattr(AttentionTrace, "scores", unmasked)
    assert "rows" in failed(make_model(shape), ids)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_run_without_numbers_is_refused_and_told_where_it_broke(
    make_model, plain_shape, ids, value
):
    model = make_model(plain_shape)
    with torch.no_grad():
        model.blocks[1].feed_forward.down.weight[0, 0] = value
    with pytest.raises(TfcliError) as caught:
        explain(model, ids, Request(position=4))
    assert "in layer 1's feed-forward, at 0 “#5”" in caught.value.message
    assert "at 4 “#44”" in caught.value.message


@pytest.mark.parametrize("position", [5, 7])
def test_a_token_without_numbers_is_named(make_model, ids, position):
    model = make_model("qwen3-untied")
    with torch.no_grad():
        model.embedding.weight[ids[5]] = math.nan  # the id stands nowhere else
    with pytest.raises(TfcliError, match=r"in the token embedding, at 5 “#2”"):
        explain(model, ids, Request(position=position))


@pytest.mark.parametrize("shape", PAIRS, indirect=True)
def test_a_token_of_the_encoder_without_numbers_is_named(make_model, shape, ids):
    model = make_model(shape, share_embeddings=False)
    with torch.no_grad():
        model.encoder.embedding.weight[ids[5]] = math.nan
    with pytest.raises(TfcliError) as caught:
        explain(model, ids, Request(position=2), **written(model))
    assert "at 2 “#7”. They begin in the token embedding of the encoder, at 5 “#2”" in (
        caught.value.message
    )


def test_an_output_matrix_without_numbers_is_named(make_model, ids):
    model = make_model("qwen3-untied")
    with torch.no_grad():
        model.head.weight[7] = math.nan
    with pytest.raises(TfcliError, match="in the output matrix, at 0 “#5”"):
        explain(model, ids, Request())


@pytest.mark.parametrize("shape", ["vectors"], indirect=True)
def test_vectors_without_numbers_are_refused_where_there_are_no_logits(make_model, shape, ids):
    model = make_model(shape)
    with torch.no_grad():
        model.type_embedding.weight[0, 3] = math.inf
    with pytest.raises(TfcliError, match="in the segment embedding, at 0 “#5”"):
        explain(model, ids, Request())


def test_numbers_too_large_for_the_format_are_named_with_a_wider_one(make_model, ids):
    model = make_model("qwen3", torch.float16)
    with torch.no_grad():
        model.blocks[2].feed_forward.down.weight.fill_(6e4)
    with pytest.raises(TfcliError) as caught:
        explain(model, ids, Request())
    assert "layer 2's feed-forward" in caught.value.message
    assert "--dtype float32" in str(caught.value.hint)
