"""A field that a config.json leaves out has the value that transformers gives it.

Files on hubs leave out much: older versions did not write what was the default, and what came
later cannot stand in them.
"""

import json
from typing import Any

import pytest
import transformers

from tfcli.errors import TfcliError
from tfcli.families import MODEL_TYPES, family
from tfcli.model.config import ModelConfig

# ChatGLM is not in transformers; Gemma 3's wrapper holds another family's configuration.
FAMILIES = [name for name in MODEL_TYPES if name not in ("chatglm", "gemma3")]
# What the loader puts in words.
KNOWN = (TfcliError, KeyError, TypeError, ValueError, ArithmeticError, AttributeError)
# Sizes that no file leaves out may be asked for.
SIZES = {
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_experts_per_tok",
    "d_model",
    "d_ff",
    "d_kv",
    "num_layers",
    "num_heads",
    "encoder_layers",
    "encoder_attention_heads",
    "encoder_ffn_dim",
    "decoder_layers",
    "decoder_attention_heads",
    "decoder_ffn_dim",
    "max_position_embeddings",
}
# What is null in files that there are; another null may be refused.
NULLABLE = {
    "attn_logit_softcapping",
    "decoder_vocab_size",
    "final_logit_softcapping",
    "head_dim",
    "layer_types",
    "mlp_only_layers",
    "n_inner",
    "num_decoder_layers",
    "num_key_value_heads",
    "q_lora_rank",
    "rope_parameters",
}
# What a family cannot do without, though transformers' own defaults make no model of it.
NEEDED: dict[str, dict[str, Any]] = {
    "deepseek_v2": {"num_experts_per_tok": 6},
    "glm4_moe": {"head_dim": 128},
}


def default_config(name: str) -> dict[str, Any]:
    """Every field of the family's configuration with transformers' default."""
    config = transformers.CONFIG_MAPPING[name](**NEEDED.get(name, {})).to_dict()
    return json.loads(json.dumps(config))


def read(name: str, config: dict[str, Any]) -> ModelConfig:
    return family(name).read_config(config)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_field_left_out_is_the_default(name: str) -> None:
    config = default_config(name)
    whole = read(name, config)
    for field in config.keys() - NEEDED.get(name, {}).keys():
        try:
            found = read(name, {key: value for key, value in config.items() if key != field})
        except KeyError as error:
            assert error.args == (field,)
            assert field in SIZES, "files leave this out"
        else:
            assert found == whole, field


@pytest.mark.parametrize("name", FAMILIES)
def test_all_but_the_sizes_can_be_left_out(name: str) -> None:
    """Together as well as one by one."""
    config = default_config(name)
    needed = SIZES | NEEDED.get(name, {}).keys()
    sizes = {key: value for key, value in config.items() if key in needed}
    assert read(name, {"model_type": name, **sizes}) == read(name, config)


@pytest.mark.parametrize("name", FAMILIES)
def test_null_means_what_it_means_there(name: str) -> None:
    """Files say null for what is derived from the rest; transformers fills it in as we do."""
    kind, config = transformers.CONFIG_MAPPING[name], default_config(name)
    compared = 0
    for field in config:
        nulled = {**config, field: None}
        try:
            filled = json.loads(json.dumps(kind.from_dict(dict(nulled)).to_dict()))
        except Exception:  # of many classes: the field may not be null
            continue
        try:
            found = read(name, nulled)
        except KNOWN:
            assert field not in NULLABLE or field in NEEDED.get(name, {}), field
            continue
        assert found == read(name, filled), field
        compared += 1
    assert compared > 10


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_written_is_read_again(name: str) -> None:
    config = read(name, default_config(name))
    assert read(name, family(name).write_config(config)) == config


@pytest.mark.parametrize("name", FAMILIES)
def test_transformers_understands_what_is_written(name: str) -> None:
    """And writes it, with all it adds, as the same model."""
    config = read(name, default_config(name))
    understood = transformers.CONFIG_MAPPING[name].from_dict(family(name).write_config(config))
    assert read(name, json.loads(json.dumps(understood.to_dict()))) == config


@pytest.mark.parametrize("name", FAMILIES)
def test_a_field_of_the_wrong_kind_is_refused(name: str) -> None:
    """Whatever stands there, the reader ends in an error that the loader puts in words."""
    config = default_config(name)
    whole, noticed = read(name, config), 0
    for field in config:
        for value in ("words", [1, "x"], {"a": 1}, -3, 1e400, True):
            if value == config[field]:
                continue
            try:
                noticed += read(name, {**config, field: value}) != whole
            except KNOWN:
                noticed += 1
    assert noticed > 30
