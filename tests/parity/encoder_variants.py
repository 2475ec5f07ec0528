"""The families with an encoder: BERT, and the encoder–decoders."""

from typing import Any

from parity.variants import SIZES, Variant

BERT: dict[str, Any] = {
    **SIZES,
    "max_position_embeddings": 40,
    "type_vocab_size": 3,
    "layer_norm_eps": 1e-3,
    "hidden_act": "gelu_new",
}
T5: dict[str, Any] = {
    "vocab_size": 250,
    "d_model": 64,
    "d_kv": 24,
    "d_ff": 96,
    "num_layers": 3,
    "num_decoder_layers": 2,
    "num_heads": 4,
    "relative_attention_num_buckets": 12,
    "relative_attention_max_distance": 15,
    "layer_norm_epsilon": 1e-3,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "decoder_start_token_id": 0,
}
BART: dict[str, Any] = {
    "vocab_size": 250,
    "d_model": 64,
    "encoder_layers": 2,
    "encoder_attention_heads": 4,
    "encoder_ffn_dim": 96,
    "decoder_layers": 3,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 80,
    "max_position_embeddings": 40,
    "scale_embedding": True,
    "activation_function": "relu",
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
    "forced_eos_token_id": None,
}
MARIAN = {
    **BART,
    "activation_function": "swish",
    "pad_token_id": 249,
    "bos_token_id": None,
    "eos_token_id": 0,
    "decoder_start_token_id": 249,
}

VARIANTS: dict[str, Variant] = {
    "bert": Variant("bert", BERT, "encoder"),
    "bert-headless": Variant("bert", {**BERT, "hidden_act": "gelu"}, "encoder", headless=True),
    "t5": Variant("t5", T5, "encoder-decoder"),
    "t5-1.1": Variant(
        "t5",
        {
            **T5,
            "num_layers": 2,
            "feed_forward_proj": "gated-gelu",
            "tie_word_embeddings": False,
        },
        "encoder-decoder",
        untied=True,
    ),
    "bart": Variant("bart", BART, "encoder-decoder"),
    "bart-unscaled": Variant(
        "bart",
        {**BART, "scale_embedding": False, "activation_function": "gelu"},
        "encoder-decoder",
    ),
    "marian": Variant("marian", MARIAN, "encoder-decoder"),
    "marian-two": Variant(
        "marian",
        {
            **MARIAN,
            "share_encoder_decoder_embeddings": False,
            "decoder_vocab_size": 230,
            "pad_token_id": 229,
            "decoder_start_token_id": 229,
            "activation_function": "relu",
            "scale_embedding": False,
        },
        "encoder-decoder",
    ),
}
