"""BERT: every token sees every other; norms after each sum; a head that fills in [MASK]."""

from collections.abc import Mapping
from typing import Any

from tfcli.families.fields import Fields, read_names, write_names
from tfcli.model.config import ModelConfig

MODEL_TYPE = "bert"
ARCHITECTURE = "BertForMaskedLM"
PREFIX = "bert."
IGNORED = ("*pooler.dense.*", "cls.seq_relationship.*", "*embeddings.position_ids")
_FROM, _TO = "bert.encoder.layer.{i}.", "blocks.{i}."
_EMBEDDINGS, _HEAD = "bert.embeddings.", "cls.predictions."
_PLAIN: dict[str, str | tuple[str, str]] = {
    f"{_EMBEDDINGS}word_embeddings.weight": "embedding.weight",
    f"{_EMBEDDINGS}position_embeddings.weight": "position_embedding.weight",
    f"{_EMBEDDINGS}token_type_embeddings.weight": "type_embedding.weight",
    f"{_EMBEDDINGS}LayerNorm.{{w}}": "embedding_norm.{w}",
    f"{_FROM}attention.self.query.{{w}}": f"{_TO}attention.q.{{w}}",
    f"{_FROM}attention.self.key.{{w}}": f"{_TO}attention.k.{{w}}",
    f"{_FROM}attention.self.value.{{w}}": f"{_TO}attention.v.{{w}}",
    f"{_FROM}attention.output.dense.{{w}}": f"{_TO}attention.o.{{w}}",
    f"{_FROM}attention.output.LayerNorm.{{w}}": f"{_TO}attention_post_norm.{{w}}",
    f"{_FROM}intermediate.dense.{{w}}": f"{_TO}feed_forward.up.{{w}}",
    f"{_FROM}output.dense.{{w}}": f"{_TO}feed_forward.down.{{w}}",
    f"{_FROM}output.LayerNorm.{{w}}": f"{_TO}feed_forward_post_norm.{{w}}",
    f"{_HEAD}transform.dense.{{w}}": "head_transform.dense.{w}",
    f"{_HEAD}transform.LayerNorm.{{w}}": "head_transform.norm.{w}",
    f"{_HEAD}bias": "head.bias",
    f"{_HEAD}decoder.weight": "head.weight",
    f"{_HEAD}decoder.bias": ("head.bias", "copy"),
}
# the first checkpoints call a norm's weight gamma and its bias beta
_OLD = {
    name.replace("{w}", old): ours.replace("{w}", new)
    for name, ours in _PLAIN.items()
    if "LayerNorm" in name and isinstance(ours, str)
    for old, new in (("gamma", "weight"), ("beta", "bias"))
}
RULES = {**_PLAIN, **_OLD}
OVERRIDING = (f"{_HEAD}decoder.bias",)  # what the reference computes with, where both are there
_NAMES = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_hidden_layers": "num_layers",
    "num_attention_heads": "num_heads",
    "intermediate_size": "intermediate_size",
    "max_position_embeddings": "max_position_embeddings",
    "type_vocab_size": "token_types",
    "layer_norm_eps": "norm_eps",
    "hidden_act": "activation",
    "tie_word_embeddings": "tie_embeddings",
}
_SIZES = {"max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a BERT config.json."""
    f = Fields(hf, **_SIZES, hidden_act="gelu", tie_word_embeddings=True)
    f.refuse(is_decoder=False, add_cross_attention=False, position_embedding_type="absolute")
    heads, found = f.whole("num_attention_heads", least=1), read_names(f, ModelConfig, _NAMES)
    shape = {"num_kv_heads": heads, "head_dim": found["hidden_size"] // heads}
    norms = {"norm": "layer", "pre_norm": False, "post_norm": True, "embedding_norm": True}
    biases = dict.fromkeys(("qkv_bias", "output_bias", "feed_forward_bias"), True)
    has_head = f.get("architectures") != ["BertModel"]
    head = dict.fromkeys(("head", "head_bias", "head_transform"), has_head)
    same = {"architecture": "encoder", "position": "learned", "final_norm": False, "gated": False}
    return ModelConfig(**found, **shape, **norms, **biases, **head, **same)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a BERT config.json."""
    name = ARCHITECTURE if config.head else "BertModel"
    return {"architectures": [name], **write_names(config, _NAMES)}
