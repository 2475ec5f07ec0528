"""A config.json of an unknown type: the nearest types, and what differs from them."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from family_configs import NAMES, config_of, family_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tfcli.checkpoint.config_file import read_config
from tfcli.errors import CheckpointError
from tfcli.families import family
from tfcli.families.nearest import nearest, unsupported

GRANITE: dict[str, Any] = {
    "model_type": "granite",
    "architectures": ["GraniteForCausalLM"],
    "vocab_size": 49_155,
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 40,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131_072,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "rope_theta": 10_000_000.0,
    "rope_scaling": None,
    "attention_bias": False,
    "mlp_bias": False,
    "tie_word_embeddings": True,
    "attention_dropout": 0.1,
    "initializer_range": 0.02,
    "use_cache": True,
    "bos_token_id": 0,
    "embedding_multiplier": 12.0,
    "attention_multiplier": 0.015625,
    "residual_multiplier": 0.22,
    "logits_scaling": 8.0,
}
ROBERTA: dict[str, Any] = {
    "model_type": "roberta",
    "vocab_size": 50_265,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
}
MAMBA: dict[str, Any] = {
    "model_type": "mamba",
    "vocab_size": 50_280,
    "hidden_size": 768,
    "num_hidden_layers": 24,
    "state_size": 16,
    "expand": 2,
    "conv_kernel": 4,
    "time_step_rank": 48,
    "time_step_scale": 1.0,
    "use_conv_bias": True,
    "residual_in_fp32": True,
}


def test_what_the_nearest_does_not_know_is_named() -> None:
    first, *others = nearest(GRANITE)
    assert first.model_type == "llama"
    multipliers = {"embedding", "attention", "residual"}
    assert set(first.unknown) == {f"{m}_multiplier" for m in multipliers} | {"logits_scaling"}
    assert (first.missing, first.refused) == ((), "")
    assert "mistral" in [one.model_type for one in others]


def test_the_message_is_one_paragraph_with_the_values() -> None:
    error = unsupported(GRANITE)
    assert "“granite”" in error.message
    assert "nearest type that can is llama" in error.message
    assert "embedding_multiplier (12.0)" in error.message
    assert "dropout" not in error.message
    assert "\n" not in error.message
    assert error.hint is not None
    assert "deepseek_v3" in error.hint


def test_a_name_and_fields_that_are_alike_are_near() -> None:
    assert nearest(ROBERTA)[0].model_type == "bert"
    assert nearest(ROBERTA)[0].unknown == ()


def test_what_is_of_another_kind_is_near_to_none() -> None:
    assert nearest(MAMBA) == ()
    assert "No type that can is near it" in unsupported(MAMBA).message


def test_a_needed_field_that_is_missing_is_named() -> None:
    fields = {name: value for name, value in ROBERTA.items() if name != "intermediate_size"}
    first = nearest(fields)[0]
    assert (first.model_type, first.missing) == ("bert", ("intermediate_size",))
    assert "needs intermediate_size, which the file lacks" in unsupported(fields).message


def test_a_value_that_is_refused_is_named() -> None:
    error = unsupported({**GRANITE, "hidden_act": "xielu"})
    assert "refuses a value (hidden_act is 'xielu'" in error.message


def test_the_text_half_of_a_file_for_several_senses_is_looked_at() -> None:
    half = {**GRANITE, "model_type": "llama"}
    error = unsupported({"model_type": "llava", "vision_config": {}, "text_config": half})
    assert "a text model among others" in error.message
    assert "nearest type that can is llama" in error.message


@pytest.mark.parametrize("name", NAMES)
def test_a_family_is_nearest_to_itself(name: str) -> None:
    """Its own file under a name that is like it: nothing unknown, missing or refused."""
    model_type = family_of(name)
    if model_type == "gemma3":
        pytest.skip("its file holds another family's")
    fields = family(model_type).write_config(config_of(name))
    found = {one.model_type: one for one in nearest({**fields, "model_type": f"{model_type}_x"})}
    own = found[model_type]
    assert (own.unknown, own.missing, own.refused, own.share) == ((), (), "", 1.0)
    assert next(iter(found)) == model_type


def test_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    for fields, said in (
        (GRANITE, "“granite”"),
        ({}, "does not say which type"),
        ({"model_type": ["llama"]}, "does not say which type"),
        ({"model_type": "x" * 10_000}, "“xxx"),
    ):
        file.write_text(json.dumps(fields))
        with pytest.raises(CheckpointError) as caught:
            read_config(file)
        assert str(file) in caught.value.message
        assert said in caught.value.message
        assert len(caught.value.message) < 1200


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(GRANITE)) | st.text(max_size=12), values))
@settings(max_examples=40, deadline=None)
def test_any_file_gives_an_error_that_can_be_read(fields: dict[str, Any]) -> None:
    fields = {"rope_theta": 1e4, **fields, "model_type": "strange"}
    begin = time.process_time()
    error = unsupported(fields)
    assert "“strange”" in error.message
    assert time.process_time() - begin < 1


def test_a_file_of_huge_sizes_is_quick() -> None:
    begin = time.process_time()
    unsupported({**GRANITE, "num_hidden_layers": 10**12, "hidden_size": 10**15})
    unsupported(
        {**GRANITE, "num_hidden_layers": 99_999, "layer_types": ["full_attention"] * 99_999}
    )
    assert time.process_time() - begin < 2
