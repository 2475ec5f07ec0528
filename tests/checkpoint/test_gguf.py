"""A GGUF file opens as the model that transformers wrote it from."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from gguf_files import GEMMA, SIZES, WIDER, converted, drawn, metadata_of, write_gguf
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

from tfcli.checkpoint.build import build_model
from tfcli.checkpoint.gguf import tensors as gguf_tensors
from tfcli.checkpoint.gguf.file import GgufFile, open_gguf
from tfcli.checkpoint.read import config_of
from tfcli.families import family as find_family

IDS = torch.arange(24).view(2, 12) * 7 % 96
LINEAR = {"rope_type": "linear", "factor": 4.0}
YARN = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 512,
    "beta_fast": 8.0,
    "beta_slow": 2.0,
}
# What transformers is asked for: architecture in GGUF, config class, its fields, keys for the file.
MODELS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "llama": (
        "llama",
        "LlamaConfig",
        {**SIZES, **WIDER, "rope_theta": 500.0},
        {"rope.freq_base": 500.0},
    ),
    "llama tied, biases, linear": (
        "llama",
        "LlamaConfig",
        {
            **SIZES,
            "rope_parameters": {**LINEAR, "rope_theta": 700.0},
            "attention_bias": True,
            "mlp_bias": True,
            "tie_word_embeddings": True,
        },
        {
            "rope.freq_base": 700.0,
            "rope.scaling.type": "linear",
            "rope.scaling.factor": 4.0,
        },
    ),
    "qwen2 yarn": (
        "qwen2",
        "Qwen2Config",
        {
            **SIZES,
            "hidden_size": 64,
            "rope_parameters": {
                **YARN,
                "rope_theta": 500.0,
                "attention_factor": 1.2 * (0.1 * math.log(4.0) + 1.0),
            },
        },
        {
            "rope.freq_base": 500.0,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 512,
            "rope.scaling.yarn_beta_fast": 8.0,
            "rope.scaling.yarn_beta_slow": 2.0,
            "rope.scaling.attn_factor": 1.2,
        },
    ),
    "qwen3 yarn": (
        "qwen3",
        "Qwen3Config",
        {
            **SIZES,
            **WIDER,
            "rope_parameters": {**YARN, "rope_theta": 500.0, "attention_factor": 1.3},
        },
        {
            "rope.freq_base": 500.0,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 512,
            "rope.scaling.yarn_beta_fast": 8.0,
            "rope.scaling.yarn_beta_slow": 2.0,
            "rope.scaling.yarn_attn_factor": 1.3,
        },
    ),
    "qwen3": (
        "qwen3",
        "Qwen3Config",
        {**SIZES, **WIDER, "rope_theta": 500.0, "tie_word_embeddings": True},
        {"rope.freq_base": 500.0},
    ),
    "gemma2": (
        "gemma2",
        "Gemma2Config",
        {
            **GEMMA,
            "num_hidden_layers": 4,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 3.0,
        },
        {
            "attention.sliding_window": 4,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 3.0,
        },
    ),
    "gemma3": (
        "gemma3",
        "Gemma3TextConfig",
        {
            **GEMMA,
            "num_hidden_layers": 7,
            "rope_theta": 800.0,
            "rope_local_base_freq": 10_000.0,
            "rope_scaling": LINEAR,
        },
        {
            "attention.sliding_window": 4,
            "rope.freq_base": 800.0,
            "rope.scaling.type": "linear",
            "rope.scaling.factor": 4.0,
        },
    ),
}
# One field each that the file states in a way of its own, and a value that is wrong for it.
MUTATIONS: list[tuple[str, str, Any]] = [
    ("llama", "rope_theta", 700.0),
    ("llama", "rms_norm_eps", 2e-3),
    ("llama tied, biases, linear", "rope_scaling", None),
    ("llama tied, biases, linear", "rope_scaling", {"rope_type": "linear", "factor": 5.0}),
    ("qwen2 yarn", "rope_scaling", LINEAR),
    ("qwen2 yarn", "rope_scaling", {**YARN, "beta_fast": 32.0}),
    ("qwen2 yarn", "rope_scaling", {**YARN, "attention_factor": 1.0}),
    ("qwen2 yarn", "rope_scaling", {**YARN, "original_max_position_embeddings": 128}),
    ("qwen3", "rope_theta", 700.0),
    ("gemma2", "query_pre_attn_scalar", 17),
    ("gemma2", "attn_logit_softcapping", 2.1),
    ("gemma2", "final_logit_softcapping", 3.1),
    ("gemma2", "sliding_window", 5),
    ("gemma2", "layer_types", ["full_attention", "sliding_attention"] * 2),
    ("gemma2", "hidden_activation", "silu"),
    ("gemma3", "query_pre_attn_scalar", 17),
    ("gemma3", "sliding_window", 5),
    ("gemma3", "rope_local_base_freq", 9000.0),
    ("gemma3", "rope_scaling", None),
    ("gemma3", "layer_types", ["sliding_attention"] * 7),
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Any, Path]]:
    """A model of transformers with every weight drawn, and the file that was made of it."""
    made: dict[str, tuple[Any, Path]] = {}

    def write(name: str) -> tuple[Any, Path]:
        if name not in made:
            arch, config_class, fields, keys = MODELS[name]
            model = drawn(getattr(transformers, config_class)(**fields))
            path = tmp_path_factory.mktemp("gguf") / "model.gguf"
            own = {f"{arch}.{key}": value for key, value in keys.items()}
            write_gguf(path, arch, metadata_of(model.config, arch) | own, converted(model, arch))
            made[name] = model, path
        return made[name]

    return write


def rebuilt(file: GgufFile, **changes: Any) -> Any:
    """The model that transformers makes of our config and our tensors, and of nothing else."""
    config = AutoConfig.for_model(**{**file.config, **changes})
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    tensors = {name: file.read(name) for name in file.names()}
    if file.config["tie_word_embeddings"]:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    model.load_state_dict(tensors, assign=True)
    model.model.rotary_emb = type(model.model.rotary_emb)(config)
    if hasattr(model.model.embed_tokens, "embed_scale"):
        model.model.embed_tokens.embed_scale = torch.tensor(config.hidden_size**0.5)
    return model


def core(path: Path) -> torch.Tensor:
    """The logits of our own core with the file's config and weights."""
    file = open_gguf(path)
    family = find_family(file.config["model_type"])
    config = config_of(family, file.config)
    model = build_model(path, config, family, [file], torch.device("cpu"), file.dtype)
    with torch.inference_mode():
        return model(IDS)


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(IDS).logits


@pytest.mark.parametrize("name", MODELS)
def test_config_and_tensors_make_the_same_model(written, name: str) -> None:
    model, path = written(name)
    torch.testing.assert_close(logits(rebuilt(open_gguf(path))), logits(model), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", MODELS)
def test_the_core_gives_the_same_logits(written, name: str) -> None:
    model, path = written(name)
    torch.testing.assert_close(core(path), logits(model), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("name", "field", "value"), MUTATIONS)
def test_a_wrong_field_would_be_seen(written, name: str, field: str, value: Any) -> None:
    model, path = written(name)
    off = (logits(rebuilt(open_gguf(path), **{field: value})) - logits(model)).abs().max()
    assert off > 1e-3


@pytest.mark.parametrize("name", [name for name in MODELS if not name.startswith("qwen")])
def test_a_layout_left_as_it_is_would_be_seen(
    written, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    model, path = written(name)
    monkeypatch.setattr(gguf_tensors, "_turned_back", lambda rows, _: rows)
    file = open_gguf(path)
    file._places = {
        name: gguf_tensors.Place(place.info, place.turned_heads)
        for name, place in file._places.items()
    }
    off = (logits(rebuilt(file)) - logits(model)).abs().max()
    assert off > 1e-2


@pytest.mark.parametrize("name", MODELS)
def test_tensors_are_what_transformers_reads_from_the_file(written, name: str) -> None:
    model, path = written(name)
    theirs = load_gguf_checkpoint(path, return_tensors=True, model_to_load=model)["tensors"]
    file = open_gguf(path)
    assert set(file.names()) == set(theirs)
    for tensor in file.names():
        assert torch.equal(file.read(tensor), theirs[tensor]), tensor
        assert file.shape(tensor) == tuple(theirs[tensor].shape)


def test_llama_3_keeps_its_factors(tmp_path: Path) -> None:
    """transformers has their formula; the file has their values."""
    llama3 = {
        "rope_type": "llama3",
        "rope_theta": 500.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    }
    model = drawn(transformers.LlamaConfig(**SIZES, **WIDER, rope_parameters=llama3))
    plain = 1 / 500.0 ** (torch.arange(0, 16, 2) / 16)
    factors = plain / model.model.rotary_emb.inv_freq
    assert 1 < len(set(factors.tolist())) < 8  # some are slowed, some are not
    tensors = converted(model, "llama") | {"rope_freqs.weight": factors.numpy()}
    keys = metadata_of(model.config, "llama") | {"llama.rope.freq_base": 500.0}
    path = write_gguf(tmp_path / "llama3.gguf", "llama", keys, tensors)
    file = open_gguf(path)
    assert file.config["rope_scaling"] == {"rope_type": "factors", "factors": factors.tolist()}
    assert "rope_freqs.weight" not in file.names()
    torch.testing.assert_close(core(path), logits(model), atol=1e-5, rtol=0)

    tensors["rope_freqs.weight"] = np.ones(8, np.float32)
    path = write_gguf(path, "llama", keys, tensors)
    assert open_gguf(path).config["rope_scaling"] is None
    assert (core(path) - logits(model)).abs().max() > 1e-2
