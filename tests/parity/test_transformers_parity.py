"""The same weights give the same numbers here and in transformers, both ways.

Each model is transformers' own, small, with every weight redrawn and no value of its configuration
the default. What is compared is shown to be sensitive: every field of config.json that we read is
changed, one at a time, and seen.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tiny import redraw

from tfcli.api import load_model
from tfcli.checkpoint.write import write_checkpoint
from tfcli.errors import CheckpointError
from tfcli.families import family

LOGITS = 1e-4  # transformers' own noise, cached against full, is up to 2.7e-5
QWEN3 = {
    "vocab_size": 250,
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 3,
    "head_dim": 24,
    "intermediate_size": 96,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-3,
    "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
    "hidden_act": "gelu_pytorch_tanh",
    "attention_bias": True,
    "tie_word_embeddings": False,
}
GPT2 = {
    "vocab_size": 250,
    "n_embd": 60,
    "n_layer": 3,
    "n_head": 5,
    "n_inner": 100,
    "n_positions": 128,
    "layer_norm_epsilon": 1e-3,
    "activation_function": "gelu",
    "tie_word_embeddings": False,
}
MODELS: dict[str, Any] = {
    "qwen3": transformers.Qwen3Config(**QWEN3),
    "qwen3-tied": transformers.Qwen3Config(
        **{**QWEN3, "attention_bias": False, "tie_word_embeddings": True, "hidden_act": "silu"}
    ),
    "gpt2": transformers.GPT2Config(**GPT2),
    "gpt2-tied": transformers.GPT2Config(
        **{**GPT2, "n_inner": None, "tie_word_embeddings": True, "activation_function": "gelu_new"}
    ),
}
CLASSES: dict[str, Any] = {
    "qwen3": transformers.Qwen3ForCausalLM,
    "gpt2": transformers.GPT2LMHeadModel,
}

# Every field that the family reads, with another value; what gives the same numbers is named.
MUTATIONS: dict[str, dict[str, Any]] = {
    "qwen3": {
        "vocab_size": 249,
        "hidden_size": 60,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "num_key_value_heads": 2,
        "head_dim": 12,
        "intermediate_size": 95,
        "rms_norm_eps": 1e-2,
        "rope_parameters": {"rope_type": "default", "rope_theta": 600.0},
        "rope_theta": 600.0,
        "rope_scaling": {"rope_type": "linear", "factor": 2.0},
        "hidden_act": "gelu",
        "attention_bias": False,
        "use_sliding_window": True,
        "layer_types": ["full_attention", "sliding_attention", "full_attention"],
    },
    "gpt2": {
        "vocab_size": 249,
        "n_embd": 64,
        "n_layer": 2,
        "n_head": 6,
        "n_inner": 101,
        "n_positions": 127,
        "layer_norm_epsilon": 1e-2,
        "activation_function": "gelu_new",
        "scale_attn_weights": False,
        "scale_attn_by_inverse_layer_idx": True,
        "add_cross_attention": True,
    },
}
WITHOUT_EFFECT = {
    "qwen3": {
        "max_position_embeddings",  # a limit, not a number in the sum
        "tie_word_embeddings",  # the file decides, see tests/checkpoint
    },
    "gpt2": {"tie_word_embeddings"},
}


@pytest.fixture(scope="module", params=sorted(MODELS))
def reference(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """The family's name, a transformers model with random weights, and where it was saved."""
    name = request.param.partition("-")[0]
    torch.manual_seed(0)
    model = CLASSES[name]._from_config(MODELS[request.param], attn_implementation="eager")
    redraw(model)
    folder = tmp_path_factory.mktemp("parity") / "model"
    model.eval().save_pretrained(folder, max_shard_size="100KB")
    return name, model, folder


def ids_and_mask(side: str = "left") -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(0, 249, (2, 20), generator=torch.Generator().manual_seed(2))
    mask = torch.ones(2, 20, dtype=torch.long)
    mask[0, slice(0, 7) if side == "left" else slice(13, 20)] = 0
    return ids, mask


def config_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text())


def with_config(folder: Path, config: dict[str, Any], target: Path) -> Path:
    """The same weights beside another config.json."""
    target.mkdir()
    for file in folder.glob("model*"):
        (target / file.name).symlink_to(file)
    (target / "config.json").write_text(json.dumps(config))
    return target


def old_style(config: dict[str, Any]) -> dict[str, Any]:
    """The same configuration as transformers 4 wrote it."""
    rope = config.pop("rope_parameters", None)
    config["torch_dtype"] = config.pop("dtype")
    config.pop("layer_types", None)
    if rope is not None:
        config |= {"rope_theta": rope["rope_theta"], "rope_scaling": None}
    return config


def test_the_files_are_what_the_test_means(reference) -> None:
    """Sharded, in the 5.x style, and with no value that could hide behind a default."""
    name, _, folder = reference
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    config = config_of(folder)
    assert "dtype" in config
    assert name != "qwen3" or config["rope_parameters"]["rope_theta"] == 500
    assert {"torch_dtype", "rope_theta"} - set(old_style(config)) <= (
        {"rope_theta"} if name == "gpt2" else set()
    )


@pytest.mark.parametrize("style", ["5.x", "4.x"])
@torch.inference_mode()
def test_logits_and_attention_are_equal(reference, style: str, tmp_path: Path) -> None:
    _, theirs, folder = reference
    if style == "4.x":
        folder = with_config(folder, old_style(config_of(folder)), tmp_path / "model")
    ours = load_model(folder, device="cpu")
    ids, _ = ids_and_mask()
    expected = theirs(ids, output_attentions=True)
    trace = ours.trace(ids)
    assert (ours(ids) - expected.logits).abs().max() < LOGITS
    assert (trace.logits - expected.logits).abs().max() < LOGITS
    for layer, attention in zip(trace.layers, expected.attentions, strict=True):
        assert (layer.attention.weights - attention).abs().max() < 1e-5


@pytest.mark.parametrize("side", ["left", "right"])
@torch.inference_mode()
def test_padded_rows_are_equal(reference, side: str) -> None:
    _, theirs, folder = reference
    ours = load_model(folder, device="cpu")
    ids, mask = ids_and_mask(side)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    expected = theirs(ids, attention_mask=mask, position_ids=positions).logits
    found = ours(ids, mask)
    assert ((found - expected) * mask[..., None]).abs().max() < LOGITS
    assert torch.isfinite(found).all()
    if side == "left":  # without the mask it would be seen
        assert ((ours(ids) - expected) * mask[..., None]).abs().max() > LOGITS


@torch.inference_mode()
def test_greedy_ids_are_equal(reference) -> None:
    """Theirs with their cache, ours with ours; a batch with padding as well."""
    _, theirs, folder = reference
    ours = load_model(folder, device="cpu")
    ids, mask = ids_and_mask()
    options: dict[str, Any] = {"max_new_tokens": 20, "do_sample": False, "eos_token_id": None}
    expected = theirs.generate(ids, pad_token_id=0, **options)
    assert torch.equal(ours.generate(ids, max_new_tokens=20, eos_ids=()), expected)
    expected = theirs.generate(ids, attention_mask=mask, pad_token_id=0, **options)
    found = ours.generate(ids, max_new_tokens=20, attention_mask=mask, eos_ids=())
    assert torch.equal(found, expected)


@torch.inference_mode()
def test_what_we_write_loads_there(reference, tmp_path: Path) -> None:
    _, theirs, folder = reference
    write_checkpoint(tmp_path / "ours", load_model(folder, device="cpu").model, None, {})
    again, notes = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "ours", output_loading_info=True
    )
    assert not any(notes.values()), notes
    ids, _ = ids_and_mask()
    assert (again(ids).logits - theirs(ids).logits).abs().max() < LOGITS


def read_fields(name: str, config: dict[str, Any]) -> set[str]:
    """The fields of config.json that our family looks at."""
    seen: set[str] = set()

    class Watched(dict):
        def __getitem__(self, key: str) -> Any:
            seen.add(key)
            return super().__getitem__(key)

        def get(self, key: str, default: Any = None) -> Any:
            seen.add(key)
            return super().get(key, default)

    family(name).read_config(Watched(config))
    return seen


@pytest.mark.parametrize("reference", ["gpt2", "qwen3"], indirect=True)
@torch.inference_mode()
def test_every_changed_field_is_seen(reference, tmp_path: Path) -> None:
    name, theirs, folder = reference
    config = config_of(folder)
    fields = read_fields(name, config) | read_fields(name, old_style(dict(config)))
    assert fields == set(MUTATIONS[name]) | WITHOUT_EFFECT[name]
    ids, _ = ids_and_mask()
    expected = theirs(ids).logits
    for field, value in MUTATIONS[name].items():
        base = old_style(dict(config)) if field in ("rope_theta", "rope_scaling") else config
        assert base.get(field) != value
        changed = with_config(folder, {**base, field: value}, tmp_path / field)
        try:
            found = load_model(changed, device="cpu")(ids)
        except CheckpointError:
            continue
        assert (found - expected).abs().max() > 3 * LOGITS, field
