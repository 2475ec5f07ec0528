"""The same weights in transformers: what it says its attention and hidden states are."""

import math

import pytest
import torch
from explain_shapes import run

from tfcli.checkpoint.write import write_checkpoint
from tfcli.explain.explanation import explain
from tfcli.explain.precision import relative_error
from tfcli.explain.request import Request


@pytest.fixture(params=["qwen3", "qwen3-untied", "gpt2", "gemma2", "olmo2", "gpt_neox", "bert"])
def shape(request):
    """Those that config.json can describe; the others are in tests/parity with other sizes."""
    return request.param


@pytest.fixture
def outside(make_model, shape, ids, tmp_path):
    """Our model, and what transformers computes with its weights."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    model = make_model(shape)
    write_checkpoint(tmp_path / "model", model, None, {})
    kind = AutoModelForCausalLM if model.config.causal else AutoModelForMaskedLM
    theirs = kind.from_pretrained(
        tmp_path / "model", attn_implementation="eager", dtype=torch.float32
    )
    with torch.inference_mode():
        run = theirs(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
    return model, theirs, run


def test_attention_weights(outside, ids):
    model, _, run = outside
    found = explain(model, ids, Request(layers="all", heads="all"))
    assert found.attention is not None and len(found.attention) == 12
    for attention in found.attention:
        theirs = run.attentions[attention.layer][0, attention.head]
        assert attention.matrix is not None
        for i, row in enumerate(attention.matrix.rows):
            found = torch.tensor([weight or 0.0 for weight in row])
            assert torch.allclose(found, theirs[i, : len(row)], atol=2e-6)
            assert len(row) == (i + 1 if model.config.causal else len(ids))


@pytest.fixture
def wide(make_model, shape, ids, tmp_path):
    """Both in float64: our model and its trace, their model, what its modules gave, its run."""
    from transformers import AutoModelForCausalLM

    if shape not in MODULES:
        pytest.skip("its logit is no sum of parts")
    model = make_model(shape, torch.float64)
    write_checkpoint(tmp_path / "model", model, None, {})
    theirs = AutoModelForCausalLM.from_pretrained(
        tmp_path / "model", attn_implementation="eager", dtype=torch.float64
    )
    layers = next(m for name, m in theirs.named_modules() if name.endswith((".h", ".layers")))
    gave: dict[tuple[int, str], torch.Tensor] = {}
    read: dict[int, torch.Tensor] = {}
    for i, layer in enumerate(layers):
        for part, name in zip(("attention", "feed_forward"), MODULES[shape][:2], strict=True):
            layer.get_submodule(name).register_forward_hook(
                lambda _, __, out, key=(i, part): gave.update(
                    {key: (out[0] if isinstance(out, tuple) else out)[0, -1]}
                )
            )
        layer.get_submodule(MODULES[shape][2]).register_forward_pre_hook(
            lambda _, inputs, i=i: read.update({i: inputs[0][0, -1]})
        )
    with torch.inference_mode():
        ran = theirs(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
    return model, run(model, ids), theirs, gave, read, ran


# What gives the attention's and the feed-forward's part of the stream, a norm on it included, and
# the output projection of the attention, whose input is every head's Σ A·v.
MODULES = {
    "gpt2": ("attn", "mlp", "attn.c_proj"),
    "gpt_neox": ("attention", "mlp", "attention.dense"),
    "qwen3": ("self_attn", "mlp", "self_attn.o_proj"),
    "qwen3-untied": ("self_attn", "mlp", "self_attn.o_proj"),
    "gemma2": ("post_attention_layernorm", "post_feedforward_layernorm", "self_attn.o_proj"),
    "olmo2": ("post_attention_layernorm", "post_feedforward_layernorm", "self_attn.o_proj"),
}
# Where all of theirs is float64; elsewhere they compute norms, softmax or rotations in float32.
WITHIN = {"gpt2": 1e-12}


def test_the_trace_is_their_run(wide, shape):
    """Every hidden state, every attention weight of every head, and the logits."""
    _, trace, _, _, _, ran = wide
    within = WITHIN.get(shape, 1e-6)
    stream = [trace.layers[0].residual_in, *(layer.residual_out for layer in trace.layers[:-1])]
    for ours, hidden in zip([*stream, trace.final_norm_out], ran.hidden_states, strict=True):
        assert relative_error(ours, hidden) < within
    for layer, weights in zip(trace.layers, ran.attentions, strict=True):
        assert relative_error(layer.attention.weights, weights) < within
    assert relative_error(trace.logits, ran.logits) < within


def their_direction(theirs, hidden, target):
    """γ ⊙ U_t / σ, centred under a LayerNorm; and what its β adds to the logit."""
    base = theirs.base_model
    norm = next(getattr(base, n) for n in ("norm", "ln_f", "final_layer_norm") if hasattr(base, n))
    row = theirs.get_output_embeddings().weight[target]
    if isinstance(norm, torch.nn.LayerNorm):
        sigma = torch.sqrt(hidden.var(unbiased=False) + norm.eps)
        direction = norm.weight * row / sigma
        return direction - direction.mean(), float(norm.bias @ row)
    eps = getattr(norm, "variance_epsilon", None) or norm.eps
    weight = 1 + norm.weight if "Gemma" in type(norm).__name__ else norm.weight
    return weight * row / torch.sqrt(hidden.square().mean() + eps), 0.0


@torch.inference_mode()
def test_credit_from_their_tensors(wide, shape, ids):
    """Elhage et al. 2021: ⟨what a module gave, γ ⊙ U_t / σ⟩, and the same of every head."""
    model, _, theirs, gave, read, ran = wide
    within = WITHIN.get(shape, 1e-6)
    found = explain(model, ids, Request(measure="credit", answer=7))
    assert found.credit is not None and found.heads is not None
    embedding = ran.hidden_states[0][0, -1]
    end = embedding + torch.stack(list(gave.values())).sum(0)  # the stream before the last norm
    direction, bias = their_direction(theirs, end, 7)
    size = float(ran.logits.abs().max())
    total = bias + float(embedding @ direction)
    for layer in found.credit.layers:
        for part in ("attention", "feed_forward"):
            expected = float(gave[layer.layer, part] @ direction)
            assert getattr(layer, part) == pytest.approx(expected, abs=within * size)
            total += expected
    assert found.credit.total == pytest.approx(total, abs=within * size)
    if shape in ("gemma2", "olmo2"):
        return  # a norm stands between the heads and the stream
    layers = next(m for name, m in theirs.named_modules() if name.endswith((".h", ".layers")))
    for i, layer in enumerate(layers):
        projection = layer.get_submodule(MODULES[shape][2])
        w_o = projection.weight if shape == "gpt2" else projection.weight.T  # [H · Dv, D]
        H, D = model.config.num_heads, model.config.hidden_size
        heads = torch.einsum("hv,hvd->hd", read[i].view(H, -1), w_o.reshape(H, -1, D))
        ours = torch.tensor(found.heads.values[i], dtype=torch.float64)
        assert torch.allclose(ours, heads @ direction, rtol=0, atol=within * size)


def test_lens_and_surprisal_from_their_tensors_in_float64(wide, shape, ids):
    """nostalgebraist 2020: their norm and output matrix on each hidden state; KL and -log2 p."""
    model, _, theirs, _, _, ran = wide
    within = WITHIN.get(shape, 1e-6)
    found = explain(model, ids, Request(sections=("tokens", "lens")))
    assert found.lens is not None
    final = torch.log_softmax(ran.logits[0, -1], -1)
    for row, hidden in zip(found.lens.rows[:-1], ran.hidden_states, strict=False):
        with torch.inference_mode():
            log_p = torch.log_softmax(their_logits(theirs, hidden[0, -1]), -1)
        kl = float((final.exp() * (final - log_p)).sum()) / math.log(2)
        entropy = -float((log_p.exp() * log_p).sum()) / math.log(2)
        assert row.kl == pytest.approx(kl, rel=within, abs=within)
        assert row.entropy == pytest.approx(entropy, rel=within, abs=within)
        assert row.answer_rank == 1 + int((log_p > log_p[found.lens.answer_id]).sum())
    log_p = torch.log_softmax(ran.logits[0], -1)
    for token in found.tokens.tokens[1:]:
        bits = -float(log_p[token.position - 1, token.id]) / math.log(2)
        assert token.surprisal == pytest.approx(bits, rel=within)


def their_logits(theirs, hidden):
    """Their own way from a hidden state to the logits."""
    base, cap = theirs.base_model, getattr(theirs.config, "final_logit_softcapping", None)
    if hasattr(theirs, "cls"):
        return theirs.cls(hidden)
    norm = next(getattr(base, n) for n in ("norm", "ln_f", "final_layer_norm") if hasattr(base, n))
    logits = theirs.get_output_embeddings()(norm(hidden))
    return logits if cap is None else cap * torch.tanh(logits / cap)


def test_lens_from_their_hidden_states(outside, ids):
    model, theirs, run = outside
    found = explain(model, ids, Request()).lens
    assert found is not None
    # their last hidden state has been through the norm already
    for row, hidden in zip(found.rows[:-1], run.hidden_states, strict=False):
        with torch.inference_mode():
            p = torch.softmax(their_logits(theirs, hidden[0, -1]), -1)
        assert row.top_id == int(p.argmax())
        assert row.top_probability == pytest.approx(float(p.max()), rel=1e-4)
        assert row.answer_probability == pytest.approx(float(p[found.answer_id]), rel=1e-4)


def test_next_tokens_and_surprisal(outside, ids):
    model, _, run = outside
    found = explain(model, ids, Request(top_k=7))
    logits = run.logits[0]
    assert found.next is not None
    p = torch.softmax(logits[-1], -1)
    best = torch.topk(p, 7)
    assert [c.id for c in found.next.candidates] == best.indices.tolist()
    for candidate, value in zip(found.next.candidates, best.values.tolist(), strict=True):
        assert candidate.probability == pytest.approx(value, rel=1e-4)
        assert candidate.logit == pytest.approx(float(logits[-1, candidate.id]), abs=1e-4)
    if not model.config.causal:
        assert found.tokens.bits_per_token is None
        return
    loss = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:]))
    bits = float(loss / torch.log(torch.tensor(2.0)))
    assert found.tokens.bits_per_token == pytest.approx(bits, rel=1e-4)
