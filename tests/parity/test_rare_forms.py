"""Forms that no published checkpoint needs but that transformers saves and loads."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tiny import redraw

from tfcli.api import load_model

_BERT = {
    "vocab_size": 97,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 40,
    "max_position_embeddings": 40,
}
_PAIR = {
    "vocab_size": 97,
    "d_model": 30,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 40,
    "decoder_ffn_dim": 36,
    "max_position_embeddings": 40,
    "pad_token_id": 1,
    "decoder_start_token_id": 2,
    "tie_word_embeddings": False,
}
_TEXT = {
    "vocab_size": 97,
    "hidden_size": 40,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}
_EXPERTS = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24}
_LATENT = {"kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 8}
FORMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "bert-untied": (transformers.BertForMaskedLM, _BERT | {"tie_word_embeddings": False}),
    "bert-tied": (transformers.BertForMaskedLM, _BERT),
    "bart-untied": (transformers.BartForConditionalGeneration, _PAIR),
    "marian-odd-width": (
        transformers.MarianMTModel,
        _PAIR
        | {"d_model": 45, "encoder_attention_heads": 3, "decoder_attention_heads": 3}
        | {"tie_word_embeddings": True},
    ),
    "neox-odd-rotation": (
        transformers.GPTNeoXForCausalLM,
        {k: v for k, v in _TEXT.items() if k != "num_key_value_heads"}
        | {"rope_parameters": {"partial_rotary_factor": 0.25, "rope_theta": 500.0}},
    ),
    "glm-odd-rotation": (transformers.GlmForCausalLM, _TEXT | {"head_dim": 10}),
    "deepseek-nothing-shared": (
        transformers.DeepseekV2ForCausalLM,
        _TEXT
        | _EXPERTS
        | _LATENT
        | {"n_shared_experts": 0, "q_lora_rank": None, "num_key_value_heads": 2},
    ),
    "qwen3-moe-without-experts": (
        transformers.Qwen3MoeForCausalLM,
        _TEXT | {"num_experts": 0, "head_dim": 16},
    ),
    "gemma2-no-window": (
        transformers.Gemma2ForCausalLM,
        _TEXT | {"head_dim": 16, "layer_types": ["full_attention"] * 2},
    ),
    "gpt-oss-no-window": (
        transformers.GptOssForCausalLM,
        _TEXT
        | {"head_dim": 16, "layer_types": ["full_attention"] * 2, "num_local_experts": 3}
        | {"num_experts_per_tok": 2},
    ),
}


def logits(model: Any, ids: torch.Tensor) -> torch.Tensor:
    pair = {"decoder_input_ids": ids[:, :5]} if model.config.is_encoder_decoder else {}
    with torch.inference_mode():
        return model(ids, **pair).logits


@pytest.mark.parametrize("form", FORMS)
def test_a_rare_form_is_read_and_written(form: str, tmp_path: Path) -> None:
    kind, config = FORMS[form]
    eager = {"attn_implementation": "eager", "experts_implementation": "eager"}
    theirs = kind._from_config(kind.config_class(**config), **eager).eval()
    fixed = {n: p.clone() for n, p in theirs.named_parameters() if "embed_positions" in n}
    redraw(theirs)
    if form.startswith("marian"):  # its positions are computed
        theirs.load_state_dict(fixed, strict=False)
    theirs.save_pretrained(tmp_path / "theirs")
    ids = torch.arange(3, 15)[None]
    expected = logits(theirs, ids)
    ours = load_model(tmp_path / "theirs", device="cpu")
    pair = {"decoder_ids": ids[:, :5]} if ours.config.encoder is not None else {}
    assert (ours(ids, **pair) - expected).abs().max() < 1e-4
    ours.save(tmp_path / "ours")
    again, notes = kind.from_pretrained(tmp_path / "ours", output_loading_info=True, **eager)
    # without shared experts its class has tensors of no elements, which are not written
    notes["missing_keys"] = {k for k in notes["missing_keys"] if "shared_experts" not in k}
    assert not any(notes.values()), notes
    assert (logits(again, ids) - expected).abs().max() < 1e-4
