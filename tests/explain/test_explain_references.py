"""The same weights in transformers: what it says its attention and hidden states are."""

import pytest
import torch

from tfcli.checkpoint.write import write_checkpoint
from tfcli.explain.explanation import explain
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
