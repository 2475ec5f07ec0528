"""T5 (v1.0 and v1.1): positions as buckets of distances, scores not divided by √d, no biases."""

from collections.abc import Mapping
from typing import Any

from tfcli.errors import CheckpointError
from tfcli.families.fields import Fields, activation, activation_name, read_names, write_names
from tfcli.model.config import ModelConfig

MODEL_TYPE = "t5"
ARCHITECTURE = "T5ForConditionalGeneration"
IGNORED = ("*EncDecAttention.relative_attention_bias.weight",)
FILE_TIES = True
OVERRIDING = ("decoder.embed_tokens.weight",)
RULES = {
    "shared.weight": "embedding.weight",
    "encoder.embed_tokens.weight": "encoder.embedding.weight",
    "decoder.embed_tokens.weight": "embedding.weight",
    "lm_head.weight": "head.weight",
}
_BIAS = "block.0.layer.0.SelfAttention.relative_attention_bias.weight"
for _from, _to, _last in (("encoder.", "encoder.", 1), ("decoder.", "", 2)):
    _at, _block = f"{_from}block.{{i}}.layer.", f"{_to}blocks.{{i}}."
    RULES[f"{_from}{_BIAS}"] = f"{_to}relative_bias.buckets.weight"
    RULES[f"{_from}final_layer_norm.weight"] = f"{_to}final_norm.weight"
    _norms = {0: "attention", _last: "feed_forward"} | ({1: "cross"} if _last == 2 else {})
    for _place, _name in _norms.items():
        RULES[f"{_at}{_place}.layer_norm.weight"] = f"{_block}{_name}_norm.weight"
    for _x in "qkvo":
        RULES[f"{_at}0.SelfAttention.{_x}.weight"] = f"{_block}attention.{_x}.weight"
        if _last == 2:
            RULES[f"{_at}1.EncDecAttention.{_x}.weight"] = f"{_block}cross_attention.{_x}.weight"
    for _x, _name in {"wi": "up", "wi_0": "gate", "wi_1": "up", "wo": "down"}.items():
        RULES[f"{_at}{_last}.DenseReluDense.{_x}.weight"] = f"{_block}feed_forward.{_name}.weight"
_NAMES = {
    "vocab_size": "vocab_size",
    "d_model": "hidden_size",
    "num_heads": "num_heads",
    "d_kv": "head_dim",
    "d_ff": "intermediate_size",
    "n_positions": "max_position_embeddings",
    "layer_norm_epsilon": "norm_eps",
    "relative_attention_num_buckets": "relative_buckets",
    "relative_attention_max_distance": "relative_max_distance",
}
_BUCKETS = {"relative_attention_num_buckets": 32, "relative_attention_max_distance": 128}
_SIZES = {"d_kv": 64, "num_heads": 8, "num_layers": 6, "n_positions": 512}


def rules(config: ModelConfig) -> dict[str, str]:
    """Of the names of a feed-forward module, those with or without a gate."""
    other = (".wi.",) if config.gated else (".wi_0.", ".wi_1.")
    return {name: to for name, to in RULES.items() if not any(part in name for part in other)}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a T5 config.json."""
    f = Fields(hf, **_SIZES, **_BUCKETS, feed_forward_proj="relu", layer_norm_epsilon=1e-6)
    kind = str(f["feed_forward_proj"])
    gate, _, act = kind.rpartition("-")
    if gate not in ("", "gated"):
        raise CheckpointError(f"feed_forward_proj is {kind!r}; it can be relu or gated-gelu")
    act = activation("feed_forward_proj", "gelu_new" if kind == "gated-gelu" else act)
    tied = f.flag("tie_word_embeddings", True)
    # files written by transformers 5 say true for both versions, and this field has the truth
    scaled = f.flag("scale_decoder_outputs", tied)
    both = read_names(f, ModelConfig, _NAMES)
    both |= {"num_kv_heads": both["num_heads"], "attention_scale": 1.0, "position": "relative"}
    both |= {"activation": act, "gated": gate == "gated"}
    layers = f.whole("num_layers", least=1)
    return ModelConfig(
        **both,
        num_layers=f.whole("num_decoder_layers", layers, least=1),
        architecture="encoder-decoder",
        encoder=ModelConfig(**both, num_layers=layers, architecture="encoder", head=False),
        share_embeddings=True,
        output_scale=both["hidden_size"] ** -0.5 if scaled else 1.0,
        tie_embeddings=tied,
    )


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a T5 config.json."""
    if config.encoder is None:
        raise CheckpointError("This model has no encoder beside a decoder.")
    act = activation_name(config.activation)
    if config.gated:  # there “gelu” has always meant its tanh form
        act = {"gelu_new": "gelu", "gelu": "gelu_python"}.get(act, act)
    return {
        "is_encoder_decoder": True,
        **write_names(config, _NAMES),
        "num_layers": config.encoder.num_layers,
        "num_decoder_layers": config.num_layers,
        "feed_forward_proj": f"gated-{act}" if config.gated else act,
        "scale_decoder_outputs": config.output_scale != 1,
        "tie_word_embeddings": config.tie_embeddings,
    }
