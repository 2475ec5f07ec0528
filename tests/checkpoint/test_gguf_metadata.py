"""What the metadata of a GGUF file mean, and what is refused by name."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from gguf import GGMLQuantizationType as Type
from gguf_files import GEMMA, SIZES, WIDER, converted, drawn, metadata_of, write_gguf

from tfcli.checkpoint.gguf.file import GgufFile, is_gguf, open_gguf
from tfcli.errors import CheckpointError


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Path]:
    """Write a Llama of one layer with other keys, tensors or element types."""
    config = transformers.LlamaConfig(**{**SIZES, "hidden_size": 64, "num_hidden_layers": 1})
    model = drawn(config)

    def write(
        keys: dict[str, Any] | None = None,
        tensors: dict[str, np.ndarray] | None = None,
        types: dict[str, Type] | None = None,
    ) -> Path:
        found = {**metadata_of(model.config, "llama"), **(keys or {})}
        found = {key: value for key, value in found.items() if value is not None}
        weights = {**converted(model, "llama"), **(tensors or {})}
        return write_gguf(tmp_path / "model.gguf", "llama", found, weights, types)

    return write


def test_defaults_are_llama_cpps(small) -> None:
    config = open_gguf(
        small({"llama.attention.head_count_kv": None, "llama.attention.key_length": None})
    ).config
    assert (config["num_key_value_heads"], config["head_dim"]) == (4, 16)
    assert (config["rope_theta"], config["rope_scaling"]) == (10_000.0, None)
    assert config["rms_norm_eps"] == 1e-3  # not the float32 next to it
    scaled = open_gguf(small({"llama.rope.scaling.factor": 2.0})).config["rope_scaling"]
    assert scaled == {"rope_type": "linear", "factor": 2.0}


@pytest.mark.parametrize(
    ("arch", "layers", "scalar"), [("gemma2", 46, 32), ("gemma2", 42, 16), ("gemma3", 62, 32)]
)
def test_the_largest_gemma_scales_by_its_width(
    tmp_path: Path, arch: str, layers: int, scalar: int
) -> None:
    config = transformers.Gemma2Config(**{**SIZES, **WIDER, "hidden_size": 128})
    keys = metadata_of(config, arch) | {f"{arch}.block_count": layers}
    tensors = {f"blk.{i}.attn_norm.weight": np.ones(128, np.float32) for i in range(layers)}
    tensors["token_embd.weight"] = np.ones((5, 128), np.float32)
    found = open_gguf(write_gguf(tmp_path / "x.gguf", arch, keys, tensors)).config
    assert found["query_pre_attn_scalar"] == scalar


def gemma3(path: Path, layers: int, keys: dict[str, Any], *more: str) -> GgufFile:
    """A Gemma 3 file with these keys, and little else than its shapes."""
    config = transformers.Gemma3TextConfig(**{**GEMMA, "num_hidden_layers": layers})
    found = metadata_of(config, "gemma3") | {f"gemma3.{k}": v for k, v in keys.items()}
    tensors = {f"blk.{i}.attn_norm.weight": np.ones(48, np.float32) for i in range(layers)}
    tensors |= {name: np.ones((5, 48), np.float32) for name in ("token_embd.weight", *more)}
    found = {key: value for key, value in found.items() if value is not None}
    return open_gguf(write_gguf(path / "gemma3.gguf", "gemma3", found, tensors))


def test_what_ollama_leaves_out_of_gemma_3_is_known(tmp_path: Path) -> None:
    ollama = {"attention.sliding_window": 4, "attention.layer_norm_rms_epsilon": None}
    file = gemma3(tmp_path, 34, ollama, "v.blk.0.attn_q.weight", "mm.mm_soft_emb_norm.weight")
    assert not [name for name in file.names() if not name.startswith("model.")]
    config = file.config
    assert (config["rms_norm_eps"], config["rope_theta"]) == (1e-6, 1e6)
    assert config["rope_local_base_freq"] == 1e4
    assert config["rope_scaling"] == {"rope_type": "linear", "factor": 8.0}
    said = gemma3(tmp_path, 34, {**ollama, "rope.scaling.factor": 2.0}).config
    assert said["rope_scaling"] == {"rope_type": "linear", "factor": 2.0}

    bases = {"rope.global.freq_base": 5e5, "rope.local.freq_base": 2e4}
    first = gemma3(tmp_path, 26, {**ollama, **bases, "final_logit_softcapping": 30.0}).config
    assert (first["rope_theta"], first["rope_local_base_freq"]) == (5e5, 2e4)
    assert (first["final_logit_softcapping"], first["rope_scaling"]) == (None, None)
    capped = gemma3(tmp_path, 26, {**ollama, "final_logit_softcapping": 30.0}).config
    assert capped["final_logit_softcapping"] == 30.0


@pytest.mark.parametrize(
    ("keys", "layer_types"),
    [
        ({}, ["full_attention"] * 3),
        ({"attention.sliding_window": 4}, ["sliding_attention"] * 3),
        (
            {"attention.sliding_window": 4, "attention.sliding_window_pattern": 3},
            ["sliding_attention", "sliding_attention", "full_attention"],
        ),
        (
            {
                "attention.sliding_window": 4,
                "attention.sliding_window_pattern": [False, True, False],
            },
            ["full_attention", "sliding_attention", "full_attention"],
        ),
    ],
)
def test_layers_with_a_window(tmp_path: Path, keys: dict, layer_types: list[str]) -> None:
    assert gemma3(tmp_path, 3, keys).config["layer_types"] == layer_types


def test_a_model_keeps_the_element_type_of_its_matrices(small) -> None:
    parts = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    matrices = [f"blk.0.{part}.weight" for part in parts] + ["token_embd.weight", "output.weight"]
    for kind, dtype in ((Type.F16, torch.float16), (Type.BF16, torch.bfloat16)):
        file = open_gguf(small(types=dict.fromkeys(matrices, kind)))
        assert file.dtype == dtype
        assert file.read("model.layers.0.self_attn.k_proj.weight").dtype == dtype
        assert file.read("model.norm.weight").dtype == torch.float32
    wide = {"blk.0.ffn_down.weight": np.ones((64, 96), np.float32)}  # whole blocks
    quantised = dict.fromkeys(matrices, Type.Q8_0)
    for types in (quantised, dict.fromkeys(matrices, Type.F16) | {"output.weight": Type.Q8_0}):
        assert open_gguf(small(tensors=wide, types=types)).dtype == torch.float32


def test_what_ends_a_text(small) -> None:
    tokens = ["<unk>", "<s>", "</s>", "a", "<|im_end|>", "<end_of_turn>"]
    keys = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.eot_token_id": 5,
        "tokenizer.ggml.eom_token_id": 99,
        "tokenizer.ggml.eos_token_ids": [2, 3],
        "tokenizer.chat_template": "{{ messages }}",
    }
    file = open_gguf(small(keys))
    assert file.eos_ids == (2, 5, 3, 4)
    assert file.chat_template == "{{ messages }}"
    bare = open_gguf(small())
    assert (bare.eos_ids, bare.chat_template, bare.tokenizer()) == ((), None, None)


def test_a_blob_of_ollama_is_known_by_its_first_bytes(small, tmp_path: Path) -> None:
    blob = small().rename(tmp_path / f"sha256-{'5' * 64}")
    assert is_gguf(blob)
    assert open_gguf(blob).config["model_type"] == "llama"
    (tmp_path / "other.gguf").write_bytes(b"GGML and more")
    assert not is_gguf(tmp_path / "other.gguf")
    assert not is_gguf(tmp_path / "nowhere")
    assert not is_gguf(tmp_path)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"general.type": "adapter"}, "“adapter”"),
        ({"split.count": 3}, "one of 3 parts"),
        ({"llama.expert_count": 8}, "mixture of experts"),
        ({"llama.block_count": None}, "lacks the key “llama.block_count”"),
        ({"llama.context_length": "long"}, "should be a whole number"),
        ({"llama.attention.layer_norm_rms_epsilon": math.nan}, "should be a number"),
        ({"llama.attention.head_count_kv": [2, 1]}, "differs from layer to layer"),
        ({"llama.attention.value_length": 8}, "value_length” is 8"),
        ({"llama.rope.dimension_count": 8}, "dimension_count” is 8"),
        ({"llama.attention.scale": 0.5}, "attention.scale” is 0.5"),
        ({"llama.rope.scaling.type": "longrope", "llama.rope.scaling.factor": 2.0}, "longrope"),
    ],
)
def test_what_cannot_be_computed_is_refused_by_name(small, keys: dict, words: str) -> None:
    path = small()
    open_gguf(path)
    with pytest.raises(CheckpointError) as error:
        open_gguf(small(keys))
    assert str(path) in error.value.message
    assert words in error.value.message


def test_another_architecture_is_named_with_those_supported(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "model.gguf", "mamba", {}, {"a.weight": np.ones(2, np.float32)})
    with pytest.raises(CheckpointError, match=r"model\.gguf: .*“mamba” are not supported") as error:
        open_gguf(path)
    assert "llama, qwen2, qwen3, gemma2, gemma3" in (error.value.hint or "")


def test_an_unknown_tensor_or_type_is_named(small) -> None:
    rows = np.ones((64, 64), np.float32)
    for name in ("blk.0.ssm_in.weight", "blk.00.attn_q.weight", "odd", "model.norm.weight"):
        with pytest.raises(CheckpointError, match=f"“{name}” that the architecture “llama”"):
            open_gguf(small(tensors={name: rows}))
    name, blocks = "blk.0.attn_v.weight", np.zeros((32, 82), np.uint8)
    with pytest.raises(CheckpointError, match=r"attn_v\.weight” has the element type IQ2_S"):
        open_gguf(small(tensors={name: blocks}, types={name: Type.IQ2_S}))
    wrong_heads = small(tensors={"blk.0.attn_q.weight": np.ones((60, 64), np.float32)})
    with pytest.raises(CheckpointError, match=r"“blk\.0\.attn_q\.weight” has 60 rows"):
        open_gguf(wrong_heads).read("model.layers.0.self_attn.q_proj.weight")
