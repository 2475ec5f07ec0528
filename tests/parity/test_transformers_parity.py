"""The same weights give the same numbers here and in transformers, both ways."""

import dataclasses
from pathlib import Path

import pytest
import torch
import transformers
from tiny import redraw

from tfcli.api import load_model
from tfcli.checkpoint.write import write_checkpoint
from tfcli.model.config import Rope
from tfcli.model.transformer import Transformer

SHAPES = {
    "qwen3": transformers.Qwen3Config(
        vocab_size=256,
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=24,
        intermediate_size=96,
        max_position_embeddings=128,
        rms_norm_eps=1e-3,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        attention_bias=True,
        tie_word_embeddings=False,
    ),
    "gpt2": transformers.GPT2Config(
        vocab_size=256, n_embd=64, n_layer=3, n_head=4, n_positions=128, layer_norm_epsilon=1e-3
    ),
}
CLASSES = {"qwen3": transformers.Qwen3ForCausalLM, "gpt2": transformers.GPT2LMHeadModel}
MUTATIONS = {
    "qwen3": [
        {"rope": Rope(theta=600.0)},
        {"norm_eps": 1e-2},
        {"activation": "gelu"},
        {"rope": Rope(theta=500.0, interleaved=True)},
        {"rope": Rope(theta=500.0, dim=12)},
    ],
    "gpt2": [{"norm_eps": 1e-2}, {"activation": "silu"}],
}


@pytest.fixture(params=sorted(SHAPES))
def reference(request: pytest.FixtureRequest, tmp_path: Path):
    """A transformers model with random weights, and the folder where it was saved."""
    model = CLASSES[request.param]._from_config(SHAPES[request.param], attn_implementation="eager")
    redraw(model)
    model.eval().save_pretrained(tmp_path / "model", max_shard_size="100KB")
    return request.param, model, tmp_path / "model"


def ids_and_mask() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(0, 256, (2, 20), generator=torch.Generator().manual_seed(2))
    mask = torch.ones(2, 20, dtype=torch.long)
    mask[0, :7] = 0
    return ids, mask


@torch.inference_mode()
def test_logits_attention_and_padding_are_equal(reference) -> None:
    _, theirs, folder = reference
    ours = load_model(folder, device="cpu")
    ids, mask = ids_and_mask()
    expected = theirs(ids, output_attentions=True)
    trace = ours.trace(ids)
    assert (ours(ids) - expected.logits).abs().max() < 1e-4
    for layer, attention in zip(trace.layers, expected.attentions, strict=True):
        assert (layer.attention.weights - attention).abs().max() < 1e-5
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    padded = theirs(ids, attention_mask=mask, position_ids=positions).logits
    assert ((ours(ids, mask) - padded) * mask[..., None]).abs().max() < 1e-4


@torch.inference_mode()
def test_greedy_ids_are_equal(reference) -> None:
    _, theirs, folder = reference
    ids, _ = ids_and_mask()
    expected = theirs.generate(ids, max_new_tokens=20, do_sample=False, eos_token_id=None)
    ours = load_model(folder, device="cpu")
    ours._eos_ids = ()
    assert torch.equal(ours.generate(ids, max_new_tokens=20), expected)  # pyright: ignore[reportArgumentType]


@torch.inference_mode()
def test_what_we_write_loads_there(reference, tmp_path: Path) -> None:
    _, theirs, folder = reference
    write_checkpoint(tmp_path / "ours", load_model(folder, device="cpu").model, None, {})
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "ours")
    ids, _ = ids_and_mask()
    assert (again(ids).logits - theirs(ids).logits).abs().max() < 1e-4


@torch.inference_mode()
def test_one_changed_field_is_seen(reference) -> None:
    family, theirs, folder = reference
    ours = load_model(folder, device="cpu")
    ids, _ = ids_and_mask()
    expected = theirs(ids).logits
    for mutation in MUTATIONS[family]:
        changed = Transformer(dataclasses.replace(ours.config, **mutation))
        changed.load_state_dict(ours.model.state_dict(), strict=False)
        assert (changed.eval()(ids) - expected).abs().max() > 1e-4, mutation
